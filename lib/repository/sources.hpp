// All sources of this host together.
#pragma once

#include "repository/catalogue.hpp"
#include "repository/directory_source.hpp"
#include "repository/running_kernel.hpp"
#include "repository/source.hpp"
#include "trust/verified_patch.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace livepatch::repository {

// Used from one thread at a time; blocks on the disk, so on a worker.
class Sources {
public:
    Sources(std::vector<Source> sources, std::filesystem::path key_directory, RunningKernel kernel);

    // Others in the place of those so far: what was read of them is forgotten.
    void configure(std::vector<Source> sources);

    // Reads what changed and lists everything.
    Catalogue read();

    // Reads an offered module once more and makes it loadable; see DirectorySource::verify.
    // not_found when its source is not configured any more.
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const;

private:
    std::unique_ptr<RunningKernel> kernel_; // stays where it is: the sources refer to it
    std::filesystem::path key_directory_;
    std::vector<DirectorySource> sources_; // priority first, then name
};

} // namespace livepatch::repository
