#include "publish/listed_key.hpp"

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "trust/openssl.hpp"
#include "trust/tuf/canonical_json.hpp"

#include <openssl/pem.h>

#include <array>
#include <span>
#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;
using trust::FreeWith;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<::EVP_PKEY_free>>;

base::Error unusable(std::string_view subject, std::string cause) {
    return {
        .code = base::Errc::verification_failed,
        .subject = std::string(subject),
        .cause = std::move(cause),
        .remedy = "use an Ed25519 key, RSA of 2048 bits or more, or EC on P-256"};
}

KeyPtr read_pem(std::string const& pem) {
    trust::BioPtr const in(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    auto const never = [](char*, int, int, void*) { return -1; }; // no passphrase is asked for
    KeyPtr key(::PEM_read_bio_PUBKEY(in.get(), nullptr, never, nullptr));
    ::ERR_clear_error();
    return key;
}

// As OpenSSL writes it, so that the same key has the same id whatever its file looked like.
std::string pem_of(EVP_PKEY* key) {
    trust::BioPtr const out(::BIO_new(::BIO_s_mem()));
    if (!out || ::PEM_write_bio_PUBKEY(out.get(), key) != 1)
        return {};
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string raw_hex_of(EVP_PKEY* key) {
    std::array<unsigned char, 32> raw{};
    auto size = raw.size();
    if (::EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1)
        return {};
    return base::hex(std::as_bytes(std::span(raw).first(size)));
}

json object_of(EVP_PKEY* key) {
    auto const entry = [](char const* type, char const* scheme, std::string value) {
        return json{
            {"keytype", type}, {"scheme", scheme}, {"keyval", {{"public", std::move(value)}}}};
    };
    if (::EVP_PKEY_is_a(key, "ED25519") == 1)
        return entry("ed25519", "ed25519", raw_hex_of(key));
    if (::EVP_PKEY_is_a(key, "RSA") == 1)
        return entry("rsa", "rsassa-pss-sha256", pem_of(key));
    if (::EVP_PKEY_is_a(key, "EC") == 1)
        return entry("ecdsa", "ecdsa-sha2-nistp256", pem_of(key));
    return {};
}

std::string text_at(json const& object, char const* name) {
    auto const found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

ListedKey::ListedKey(std::string id, json object, trust::tuf::PublicKey key)
    : id_(std::move(id)),
      object_(std::move(object)),
      key_(std::move(key)) {}

base::Result<ListedKey> ListedKey::from_pem(std::string const& pem, std::string_view subject) {
    auto const key = read_pem(pem);
    if (!key)
        return unusable(subject, "no public key in PEM");
    auto object = object_of(key.get());
    if (object.is_null())
        return unusable(subject, "a key of a kind that metadata cannot be signed with");
    auto id = base::sha256(trust::tuf::canonical_json(object));
    auto listed = from_entry(std::move(id), std::move(object));
    if (!listed)
        return unusable(subject, "a key of a kind or size that clients do not accept");
    return listed;
}

base::Result<ListedKey> ListedKey::from_entry(std::string id, json object) {
    auto const keyval = object.is_object() ? object.find("keyval") : object.end();
    bool const is_entry = object.is_object() && keyval != object.end() && keyval->is_object();
    auto key =
        is_entry
            ? trust::tuf::PublicKey::read(
                  text_at(object, "keytype"), text_at(object, "scheme"), text_at(*keyval, "public")
              )
            : std::nullopt;
    if (!key)
        return unusable(id, "a key that clients do not accept");
    return ListedKey(std::move(id), std::move(object), *std::move(key));
}

} // namespace livepatch::publish
