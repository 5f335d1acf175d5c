// Who speaks for a role: its keys, and how many of them must have signed.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/envelope.hpp"
#include "trust/tuf/fields.hpp"
#include "trust/tuf/public_key.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace livepatch::trust::tuf {

// By key id. Nothing for a key that cannot be used. The ids are names and no more: they need not
// be a hash of anything.
using KeyTable = std::map<std::string, std::optional<PublicKey>>;

// Of the member "keys" of root and of delegations.
KeyTable read_keys(Fields const& holder);

class Quorum {
public:
    // No key, and so nobody's signature is enough.
    Quorum() = default;

    // "keyids" and "threshold" of a role. Ids that `keys` does not have are ids of nobody.
    Quorum(Fields const& role, KeyTable const& keys);

    // verification_failed unless enough keys have signed. A key counts once, whatever ids it has
    // and however it is written.
    base::Result<void> check(Envelope const& envelope, std::string_view subject) const;

    // Whether somebody who could speak for the role cannot any more with `newer`.
    bool lost_a_key_in(Quorum const& newer) const;

private:
    std::map<std::string, PublicKey> keys_; // by id
    std::int64_t threshold_ = 1;
};

} // namespace livepatch::trust::tuf
