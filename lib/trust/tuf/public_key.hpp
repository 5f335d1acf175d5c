// A key that metadata may be signed with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace livepatch::trust::tuf {

class PublicKey {
public:
    // As a key object says it: `type` is its keytype, `value` its keyval.public. Known schemes:
    // "ed25519" (32 bytes in hex), "rsassa-pss-sha256" (PEM, 2048 to 8192 bits),
    // "ecdsa-sha2-nistp256" (PEM, P-256). Nothing for a key of any other kind or that is damaged:
    // it counts for nobody, and others may be there beside it.
    static std::optional<PublicKey>
    read(std::string_view type, std::string_view scheme, std::string const& value);

    // Over the message as a whole; false for anything that is no signature, too.
    bool verifies(std::string_view signature, std::string_view message) const;

    // What tells keys apart: the numbers the key consists of. The same key has the same identity
    // however it is written, and whatever names it is listed under.
    std::string const& identity() const { return identity_; }

private:
    enum class Scheme { ed25519, rsassa_pss_sha256, ecdsa_sha2_nistp256 };

    PublicKey(std::shared_ptr<evp_pkey_st> key, Scheme scheme, std::string identity);

    std::shared_ptr<evp_pkey_st> key_;
    Scheme scheme_;
    std::string identity_;
};

} // namespace livepatch::trust::tuf
