#include "trust/tuf/public_key.hpp"

#include "base/text.hpp"
#include "trust/openssl.hpp"
#include "trust/tuf/hex_text.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <span>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

constexpr int least_rsa_bits = 2048;
constexpr int most_rsa_bits = 8192; // verification takes long enough with these
constexpr std::size_t ed25519_size = 32;

using Key = std::shared_ptr<EVP_PKEY>;
using NumberPtr = std::unique_ptr<BIGNUM, FreeWith<::BN_free>>;

unsigned char const* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data()); // NOLINT
}

// Without it, a PEM file that says it is encrypted makes OpenSSL ask at the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
    return -1;
}

Key own(EVP_PKEY* key) {
    return {key, ::EVP_PKEY_free};
}

Key read_pem(std::string const& text, char const* type) {
    BioPtr const in(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    auto key = own(::PEM_read_bio_PUBKEY(in.get(), nullptr, no_passphrase, nullptr));
    if (!key || ::EVP_PKEY_is_a(key.get(), type) != 1)
        return nullptr;
    return key;
}

std::string number_of(Key const& key, char const* parameter) {
    BIGNUM* number = nullptr;
    if (::EVP_PKEY_get_bn_param(key.get(), parameter, &number) != 1)
        return {};
    NumberPtr const owner(number);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    ::BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data())); // NOLINT
    return base::hex(std::as_bytes(std::span(bytes)));
}

// A key, and the numbers it consists of.
struct Material {
    Key key;
    std::string numbers;
};

Material read_ed25519(std::string const& value) {
    auto const raw = bytes_of_hex(value);
    if (!raw || raw->size() != ed25519_size)
        return {};
    return {
        own(::EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*raw), raw->size())),
        base::hex(std::as_bytes(std::span(*raw)))};
}

Material read_rsa(std::string const& value) {
    auto key = read_pem(value, "RSA");
    auto const bits = key ? ::EVP_PKEY_get_bits(key.get()) : 0;
    if (bits < least_rsa_bits || bits > most_rsa_bits)
        return {};
    // Without the exponent: who has one key has all of this modulus.
    return {key, number_of(key, OSSL_PKEY_PARAM_RSA_N)};
}

Material read_p256(std::string const& value) {
    auto key = read_pem(value, "EC");
    std::array<char, 64> curve{};
    if (!key || ::EVP_PKEY_get_group_name(key.get(), curve.data(), curve.size(), nullptr) != 1 ||
        std::string_view(curve.data()) != SN_X9_62_prime256v1)
        return {};
    return {
        key,
        number_of(key, OSSL_PKEY_PARAM_EC_PUB_X) + ' ' + number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y)};
}

bool set_pss(EVP_PKEY_CTX* context) {
    return ::EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           ::EVP_PKEY_CTX_set_rsa_mgf1_md(context, ::EVP_sha256()) == 1 &&
           // Publishers' tools do not agree on the length of the salt.
           ::EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
}

} // namespace

PublicKey::PublicKey(Key key, Scheme scheme, std::string identity)
    : key_(std::move(key)),
      scheme_(scheme),
      identity_(std::move(identity)) {}

std::optional<PublicKey>
PublicKey::read(std::string_view type, std::string_view scheme, std::string const& value) {
    struct Kind {
        std::string_view type;
        std::string_view name;
        Scheme scheme;
        Material (*read)(std::string const&);
    };

    constexpr std::array kinds{
        Kind{"ed25519", "ed25519", Scheme::ed25519, read_ed25519},
        Kind{"rsa", "rsassa-pss-sha256", Scheme::rsassa_pss_sha256, read_rsa},
        Kind{"ecdsa", "ecdsa-sha2-nistp256", Scheme::ecdsa_sha2_nistp256, read_p256},
        // As older repositories have it.
        Kind{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", Scheme::ecdsa_sha2_nistp256, read_p256},
    };
    for (auto const& kind : kinds) {
        if (kind.type != type || kind.name != scheme)
            continue;
        ::ERR_clear_error();
        auto read = kind.read(value);
        ::ERR_clear_error();
        if (!read.key || read.numbers.empty())
            return std::nullopt;
        return PublicKey(
            std::move(read.key), kind.scheme, std::string(scheme) + ' ' + read.numbers
        );
    }
    return std::nullopt;
}

bool PublicKey::verifies(std::string_view signature, std::string_view message) const {
    ::ERR_clear_error();
    DigestContextPtr const context(::EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr; // the context's
    auto const* const digest = scheme_ == Scheme::ed25519 ? nullptr : ::EVP_sha256();
    bool const ready =
        context &&
        ::EVP_DigestVerifyInit(context.get(), &parameters, digest, nullptr, key_.get()) == 1 &&
        (scheme_ != Scheme::rsassa_pss_sha256 || set_pss(parameters));
    bool const good =
        ready &&
        ::EVP_DigestVerify(
            context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()
        ) == 1;
    ::ERR_clear_error();
    return good;
}

} // namespace livepatch::trust::tuf
