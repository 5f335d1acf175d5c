// All sources of this host together.
#pragma once

#include "repository/directory_source.hpp"
#include "repository/running_kernel.hpp"
#include "repository/supply.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace livepatch::repository {

class Sources : public Supply {
public:
    Sources(std::vector<Source> sources, std::filesystem::path key_directory, RunningKernel kernel);

    void configure(std::vector<Source> sources) override;
    Catalogue read() override;
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const override;

private:
    std::unique_ptr<RunningKernel> kernel_; // stays where it is: the sources refer to it
    std::filesystem::path key_directory_;
    std::vector<DirectorySource> sources_; // priority first, then name
};

} // namespace livepatch::repository
