// The newest version of each role below the root: the one that is stored, or the source's.
#pragma once

#include "trust/tuf/root.hpp"
#include "trust/tuf/snapshot.hpp"
#include "trust/tuf/surroundings.hpp"
#include "trust/tuf/targets.hpp"
#include "trust/tuf/timestamp.hpp"

namespace livepatch::trust::tuf {

// Each stores what it takes from the source, once all that can be said against it was looked at.
// What is stored counts only as far as today's keys have signed it.

base::Result<Timestamp> update_timestamp(Root const& root, Surroundings const& with);

base::Result<Snapshot>
update_snapshot(Root const& root, Timestamp const& timestamp, Surroundings const& with);

// Of the role "targets", or one that it delegates to. `quorum` is that of whoever delegates: a
// role that two delegate to must satisfy the one over whom it was reached.
struct TargetsRole {
    std::string name;
    Quorum quorum;
};

base::Result<Targets> update_targets(
    TargetsRole const& role, Root const& root, Snapshot const& snapshot, Surroundings const& with
);

} // namespace livepatch::trust::tuf
