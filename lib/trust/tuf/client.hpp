// A client of The Update Framework (TUF 1.0): what the owner of a repository signed is what comes
// out of it, whoever stands between.
#pragma once

#include "trust/tuf/root.hpp"
#include "trust/tuf/snapshot.hpp"
#include "trust/tuf/surroundings.hpp"
#include "trust/tuf/targets.hpp"
#include "trust/tuf/timestamp.hpp"

#include <map>
#include <string>
#include <utility>

namespace livepatch::trust::tuf {

// There is a client only of a repository that was found to be up to date at `now`. What was
// accepted on the way is stored, also when the refresh fails later on.
//
// Errors, each naming the file: verification_failed (signatures, contents that are others than
// signed), rolled_back (versions that go back), incomplete, expired (also: the clock went back),
// limits_exceeded, conflict (the anchor is of another repository), and what source and store have
// to say.
class Client {
public:
    // `anchor`: the root.json that an administrator installed. `with` must outlive the client.
    static base::Result<Client> refreshed(Document anchor, Surroundings with);

    // The description of a target; not_found when nobody who may speak for this path has one.
    base::Result<Target> find(std::string const& path);

    // Hands the target's bytes to `sink` as they come, at most as many as were signed. Not one of
    // them may be believed before this has returned without an error.
    base::Result<void> fetch(Target const& target, Source::Sink const& sink);

    // The same for whoever computes the hash anyway, and compares it with the target's: only the
    // length is looked at.
    base::Result<void> fetch_unhashed(Target const& target, Source::Sink const& sink);

    Root const& root() const { return root_; }

    Timestamp const& timestamp() const { return timestamp_; }

    Snapshot const& snapshot() const { return snapshot_; }

    Targets const& targets() const { return targets_; } // of the top-level role alone

private:
    base::Result<void> fetch(Target const& target, Hashes const& hashes, Source::Sink const& sink);

    Client(Surroundings with, Root root, Timestamp timestamp, Snapshot snapshot, Targets targets);

    // A role that was verified for the one over whom it was reached stays so: time stands still
    // here.
    base::Result<Targets const*> delegated(std::string const& delegator, Delegation const& to);

    Surroundings with_;
    Root root_;
    Timestamp timestamp_;
    Snapshot snapshot_;
    Targets targets_;
    std::map<std::pair<std::string, std::string>, Targets> delegated_; // by delegator and role
};

} // namespace livepatch::trust::tuf
