// All sources of this host together.
#pragma once

#include "repository/directory_source.hpp"
#include "repository/running_kernel.hpp"
#include "repository/supply.hpp"
#include "repository/tuf_source.hpp"

#include <filesystem>
#include <memory>
#include <variant>
#include <vector>

namespace livepatch::repository {

class Sources : public Supply {
public:
    Sources(
        std::vector<Source> sources,
        std::filesystem::path key_directory,
        RunningKernel kernel,
        Host host = {}
    );

    void configure(std::vector<Source> sources) override;
    Catalogue read() override;
    base::Result<void> reset_trust(std::string const& source) override;
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const override;

private:
    std::unique_ptr<RunningKernel> kernel_; // stays where it is: the sources refer to it
    std::filesystem::path key_directory_;
    Host host_;
    std::vector<std::variant<DirectorySource, TufSource>> sources_; // priority first, then name
};

} // namespace livepatch::repository
