// The newest root.json, reached from one that is trusted.
#pragma once

#include "trust/tuf/signed_root.hpp"
#include "trust/tuf/surroundings.hpp"

namespace livepatch::trust::tuf {

// Where to start from: the root that was accepted last, or the anchor, which an administrator
// installed, where there is none (or it is damaged) or the anchor is newer.
//
// An anchor that was exchanged must be of the same repository, which is to say that the keys of
// the older of the two lead to the newer one, at once or version by version through the source.
// Otherwise: conflict, and nothing is changed.
base::Result<SignedRoot> trusted_root(Document anchor, Surroundings const& with);

// Walks the chain of new versions to its end; each is stored before the next is asked for. Errors:
// verification_failed, expired (the last one), limits_exceeded, and those of source and store.
base::Result<Root> update_root(SignedRoot trusted, Surroundings const& with);

} // namespace livepatch::trust::tuf
