// A root.json that its own keys have signed.
#pragma once

#include "trust/tuf/metadata.hpp"
#include "trust/tuf/root.hpp"

namespace livepatch::trust::tuf {

struct SignedRoot {
    Document document;
    Envelope envelope;
    Root root;

    // Whether to trust it is for the caller to know; its expiry is not looked at.
    static base::Result<SignedRoot> read(Document document, std::size_t limit);

    // The very next version, signed by the keys of this one, too.
    base::Result<SignedRoot> read_next(Document newer, std::size_t limit) const;

    // Nothing when the keys of this one have signed it.
    base::Result<void> vouches_for(Envelope const& newer, std::string_view subject) const;

    bool says_the_same_as(SignedRoot const& other) const {
        return envelope.signed_bytes == other.envelope.signed_bytes;
    }
};

} // namespace livepatch::trust::tuf
