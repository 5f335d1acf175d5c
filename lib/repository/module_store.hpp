// The modules that were loaded, kept for the next boot: sources may be mounted late, or be half
// written then.
#pragma once

#include "base/result.hpp"
#include "trust/candidate.hpp"
#include "trust/verified_patch.hpp"

#include <filesystem>
#include <set>
#include <string>

namespace livepatch::repository {

// Files DIGEST.ko in one directory. Nothing is trusted for lying there. Blocks on the disk; any
// thread, one at a time.
class ModuleStore {
public:
    // The directory is made when something is put into it.
    explicit ModuleStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

    // On the disk on return. Nothing is written when it is there already.
    base::Result<void> put(trust::VerifiedPatch const& patch) const;

    // Whether there is a file of this name, whatever is in it.
    bool has(std::string const& sha256) const;

    // conflict when the file is not what its name says.
    base::Result<trust::Candidate> read(std::string const& sha256) const;

    // Removes all others, and what a write that was cut short left behind.
    void keep_only(std::set<std::string> const& digests) const;

private:
    std::filesystem::path path_of(std::string const& sha256) const;

    std::filesystem::path directory_;
};

} // namespace livepatch::repository
