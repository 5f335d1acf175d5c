#include "publish/private_key.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "trust/openssl.hpp"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <utility>
#include <vector>

namespace livepatch::publish {

namespace {

using trust::BioPtr;
using trust::FreeWith;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<::PKCS8_PRIV_KEY_INFO_free>>;
using SealedPtr = std::unique_ptr<X509_SIG, FreeWith<::X509_SIG_free>>;
using AlgorithmPtr = std::unique_ptr<X509_ALGOR, FreeWith<::X509_ALGOR_free>>;

constexpr unsigned rsa_bits = 3072;

// 16 MiB of memory, the most that OpenSSL's tools take without being told to, five times over.
constexpr std::uint64_t scrypt_n = 16384;
constexpr std::uint64_t scrypt_r = 8;
constexpr std::uint64_t scrypt_p = 5;

base::Error
openssl_error(std::string_view subject, std::string const& cause, std::string remedy = {}) {
    return {
        .code = base::Errc::failed,
        .subject = std::string(subject),
        .cause = trust::with_reasons(cause),
        .remedy = std::move(remedy)};
}

base::Result<std::string> content_of(BIO* memory, bool written, std::string const& what) {
    if (!written)
        return openssl_error({}, "cannot write the " + what);
    char* data = nullptr;
    auto const size = BIO_get_mem_data(memory, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

// What OpenSSL's callback needs, and what became of it.
struct Asking {
    PrivateKey::AskPassphrase const* ask = nullptr;
    std::string subject;
    bool asked = false;
    std::optional<base::Error> refused;
};

int give_passphrase(char* buffer, int size, int /*writing*/, void* context) {
    auto& asking = *static_cast<Asking*>(context);
    asking.asked = true;
    auto passphrase = (*asking.ask)(asking.subject);
    if (!passphrase) {
        asking.refused = std::move(passphrase).error();
        return -1;
    }
    if (passphrase->size() > static_cast<std::size_t>(size)) {
        asking.refused = base::Error{
            .code = base::Errc::invalid_argument,
            .subject = asking.subject,
            .cause = "a passphrase of more than " + std::to_string(size) + " bytes",
            .remedy = {}};
        return -1;
    }
    std::memcpy(buffer, passphrase->data(), passphrase->size());
    return static_cast<int>(passphrase->size());
}

base::Result<void>
write_new(std::filesystem::path const& path, std::string_view content, mode_t mode) {
    base::UniqueFd const fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd && errno == EEXIST)
        return base::Error{
            .code = base::Errc::conflict,
            .subject = path.string(),
            .cause = "is there already",
            .remedy = "choose another name; a key that is lost is lost for good"};
    if (!fd)
        return base::system_error(path.string(), "cannot create", errno);
    if (auto written = base::write_all(fd.get(), content, path.string()); !written)
        return written;
    if (::fsync(fd.get()) != 0)
        return base::system_error(path.string(), "cannot sync", errno);
    return {};
}

} // namespace

PrivateKey::PrivateKey(Key key, ListedKey listed)
    : key_(std::move(key)),
      listed_(std::move(listed)) {}

base::Result<PrivateKey> PrivateKey::own(Key key, std::string_view subject) {
    BioPtr const out(::BIO_new(::BIO_s_mem()));
    auto const pem = content_of(
        out.get(), out && ::PEM_write_bio_PUBKEY(out.get(), key.get()) == 1, "public key"
    );
    if (!pem)
        return pem.error();
    auto listed = ListedKey::from_pem(*pem, subject);
    if (!listed)
        return listed.error();
    return PrivateKey(std::move(key), *std::move(listed));
}

base::Result<PrivateKey> PrivateKey::generate(Kind kind) {
    ::ERR_clear_error();
    EVP_PKEY* made = nullptr;
    switch (kind) {
    case Kind::ed25519:
        made = ::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        break;
    case Kind::rsa:
        made = ::EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{rsa_bits});
        break;
    case Kind::ecdsa:
        made = ::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
        break;
    }
    if (made == nullptr)
        return openssl_error("key", "cannot make a key");
    return own(Key(made, ::EVP_PKEY_free), "key");
}

base::Result<PrivateKey>
PrivateKey::from_pem(std::string const& pem, std::string_view subject, AskPassphrase const& ask) {
    ::ERR_clear_error();
    BioPtr const in(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    Asking asking{.ask = &ask, .subject = std::string(subject), .asked = false, .refused = {}};
    Key key(
        ::PEM_read_bio_PrivateKey(in.get(), nullptr, give_passphrase, &asking), ::EVP_PKEY_free
    );
    ::ERR_clear_error();
    if (key)
        return own(std::move(key), subject);
    if (asking.refused)
        return *std::move(asking.refused);
    if (asking.asked)
        return base::Error{
            .code = base::Errc::not_authorized,
            .subject = std::string(subject),
            .cause = "the passphrase is not the one of this key",
            .remedy = {}};
    return base::Error{
        .code = base::Errc::verification_failed,
        .subject = std::string(subject),
        .cause = "no private key in PEM",
        .remedy = {}};
}

base::Result<std::string> PrivateKey::sign(std::string_view message) const {
    ::ERR_clear_error();
    trust::DigestContextPtr const context(::EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr; // the context's
    bool const is_ed25519 = ::EVP_PKEY_is_a(key_.get(), "ED25519") == 1;
    bool ready =
        context &&
        ::EVP_DigestSignInit(
            context.get(), &parameters, is_ed25519 ? nullptr : ::EVP_sha256(), nullptr, key_.get()
        ) == 1;
    if (ready && ::EVP_PKEY_is_a(key_.get(), "RSA") == 1)
        ready = ::EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                ::EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
    auto const* const text = reinterpret_cast<unsigned char const*>(message.data()); // NOLINT
    std::size_t size = 0;
    if (!ready || ::EVP_DigestSign(context.get(), nullptr, &size, text, message.size()) != 1)
        return openssl_error(listed_.id(), "cannot sign");
    std::vector<unsigned char> signature(size);
    if (::EVP_DigestSign(context.get(), signature.data(), &size, text, message.size()) != 1)
        return openssl_error(listed_.id(), "cannot sign");
    return std::string(signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(size));
}

base::Result<std::string> PrivateKey::pem(std::optional<std::string> const& passphrase) const {
    ::ERR_clear_error();
    BioPtr const out(::BIO_new(::BIO_s_mem()));
    Pkcs8Ptr const plain(::EVP_PKEY2PKCS8(key_.get()));
    if (!out || !plain)
        return openssl_error("key", "cannot write the private key");
    if (!passphrase)
        return content_of(
            out.get(), ::PEM_write_bio_PKCS8_PRIV_KEY_INFO(out.get(), plain.get()) == 1, "key"
        );
    AlgorithmPtr algorithm(::PKCS5_pbe2_set_scrypt(
        ::EVP_aes_256_cbc(), nullptr, 0, nullptr, scrypt_n, scrypt_r, scrypt_p
    ));
    if (!algorithm)
        return openssl_error("key", "cannot encrypt the private key");
    SealedPtr const sealed(::PKCS8_set0_pbe(
        passphrase->data(), static_cast<int>(passphrase->size()), plain.get(), algorithm.get()
    ));
    if (!sealed)
        return openssl_error("key", "cannot encrypt the private key");
    algorithm.release(); // NOLINT(bugprone-unused-return-value): it is the sealed key's now
    return content_of(out.get(), ::PEM_write_bio_PKCS8(out.get(), sealed.get()) == 1, "key");
}

base::Result<std::string> PrivateKey::public_pem() const {
    BioPtr const out(::BIO_new(::BIO_s_mem()));
    return content_of(
        out.get(), out && ::PEM_write_bio_PUBKEY(out.get(), key_.get()) == 1, "public key"
    );
}

base::Result<void> write_key_pair(
    std::filesystem::path const& directory,
    std::string const& name,
    PrivateKey const& key,
    std::optional<std::string> const& passphrase
) {
    auto const secret = key.pem(passphrase);
    if (!secret)
        return secret.error();
    auto const open = key.public_pem();
    if (!open)
        return open.error();
    if (auto written = write_new(directory / (name + ".pem"), *secret, 0600); !written)
        return written;
    if (auto written = write_new(directory / (name + ".pub"), *open, 0644); !written)
        return written;
    return base::sync_directory(directory);
}

} // namespace livepatch::publish
