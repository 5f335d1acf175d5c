#include "support/tuf_key.hpp"

#include "base/sha256.hpp"
#include "base/text.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace livepatch::support {

namespace {

void must(bool good, char const* what) {
    if (!good)
        throw std::runtime_error(std::string("OpenSSL in a test: ") + what);
}

std::string raw_hex(EVP_PKEY* key) {
    std::array<unsigned char, 32> raw{};
    auto size = raw.size();
    must(EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1, "raw public key");
    return base::hex(std::as_bytes(std::span(raw)));
}

} // namespace

TufKey TufKey::ed25519() {
    return {
        Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free), "ed25519", "ed25519"};
}

TufKey TufKey::rsa(unsigned bits) {
    return {Key(EVP_RSA_gen(bits), EVP_PKEY_free), "rsa", "rsassa-pss-sha256"};
}

TufKey TufKey::ec(char const* curve) {
    return {Key(EVP_EC_gen(curve), EVP_PKEY_free), "ecdsa", "ecdsa-sha2-nistp256"};
}

TufKey::TufKey(Key key, std::string type, std::string scheme) : key_(std::move(key)) {
    must(key_ != nullptr, "make key");
    object_ = {
        {"keytype", type},
        {"scheme", scheme},
        {"keyval", {{"public", type == "ed25519" ? raw_hex(key_.get()) : pem()}}}};
    id_ = base::sha256(object_.dump());
}

std::string TufKey::pem() const {
    std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
    must(PEM_write_bio_PUBKEY(out.get(), key_.get()) == 1, "write key");
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string TufKey::sign(std::string_view message) const {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(
        EVP_MD_CTX_new(), EVP_MD_CTX_free
    );
    bool const is_ed25519 = EVP_PKEY_is_a(key_.get(), "ED25519") == 1;
    EVP_PKEY_CTX* parameters = nullptr;
    must(
        EVP_DigestSignInit(
            context.get(), &parameters, is_ed25519 ? nullptr : EVP_sha256(), nullptr, key_.get()
        ) == 1,
        "begin to sign"
    );
    if (EVP_PKEY_is_a(key_.get(), "RSA") == 1)
        must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1, "choose PSS");
    auto const* const text = reinterpret_cast<unsigned char const*>(message.data());
    std::size_t size = 0;
    must(EVP_DigestSign(context.get(), nullptr, &size, text, message.size()) == 1, "sign");
    std::vector<unsigned char> signature(size);
    must(EVP_DigestSign(context.get(), signature.data(), &size, text, message.size()) == 1, "sign");
    return base::hex(std::as_bytes(std::span(signature).first(size)));
}

TufKey TufKey::called(std::string id) const {
    auto other = *this;
    other.id_ = std::move(id);
    return other;
}

} // namespace livepatch::support
