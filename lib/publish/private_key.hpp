// A key that signs metadata, and its file.
#pragma once

#include "base/result.hpp"
#include "publish/listed_key.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace livepatch::publish {

class PrivateKey {
public:
    enum class Kind { ed25519, rsa, ecdsa };

    static base::Result<PrivateKey> generate(Kind kind);

    // Asked for an encrypted key alone; the argument names it for people.
    using AskPassphrase = std::function<base::Result<std::string>(std::string const& subject)>;

    // PEM: PKCS#8, encrypted or not, or what older OpenSSL wrote. not_authorized: the passphrase is
    // wrong.
    static base::Result<PrivateKey>
    from_pem(std::string const& pem, std::string_view subject, AskPassphrase const& ask);

    ListedKey const& listed() const { return listed_; }

    base::Result<std::string> sign(std::string_view message) const; // raw bytes

    // PKCS#8; with a passphrase encrypted by AES-256 under a key that scrypt derives from it.
    base::Result<std::string> pem(std::optional<std::string> const& passphrase) const;

    base::Result<std::string> public_pem() const;

private:
    using Key = std::shared_ptr<evp_pkey_st>;
    PrivateKey(Key key, ListedKey listed);
    static base::Result<PrivateKey> own(Key key, std::string_view subject);

    Key key_;
    ListedKey listed_;
};

// NAME.pem, which nobody else can read, and NAME.pub. Neither may be there already.
base::Result<void> write_key_pair(
    std::filesystem::path const& directory,
    std::string const& name,
    PrivateKey const& key,
    std::optional<std::string> const& passphrase
);

} // namespace livepatch::publish
