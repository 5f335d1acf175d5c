// What was in the kernel before the reboot, from the daemon's own store: verified anew, and only
// while its file is in its source. Of a repository, only while that is trusted and has not taken it
// back, as far as we have seen: at boot it may not be mounted, and its metadata may have expired.
#pragma once

#include "repository/host.hpp"
#include "repository/module_store.hpp"
#include "repository/running_kernel.hpp"
#include "repository/supply.hpp"
#include "trust/verifier.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace livepatch::repository {

// What is remembered of a patch that was loaded.
struct Remembered {
    std::string name; // module name
    std::string id;
    std::string sha256;
    std::string source;
    std::string file; // its place in its source: the file name of a bare module
    module::Replace replace = module::Replace::unknown;
};

class StoredPatches : public Supply {
public:
    StoredPatches(
        std::vector<Source> sources,
        std::filesystem::path key_directory,
        RunningKernel kernel,
        ModuleStore store,
        std::vector<Remembered> remembered,
        Host host = {}
    );

    void configure(std::vector<Source> sources) override;

    // In stack order. What is not offered any more and why is among the problems.
    Catalogue read() override;

    // At boot nobody asks for it.
    base::Result<void> reset_trust(std::string const& source) override;

    // As of now: its certificate has to be there still, and its source as said above.
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const override;

private:
    struct Checked {
        trust::Candidate candidate;
        trust::Verifier verifier;
        std::string signer;
    };

    base::Result<void>
    check_source(Source const& source, std::string const& sha256, std::string const& file) const;
    base::Result<Checked>
    check(Source const& source, std::string const& sha256, std::string const& file) const;
    Source const* find(std::string const& name) const;
    base::Result<Offer> offer_of(Remembered const& remembered) const;

    std::vector<Source> sources_;
    std::filesystem::path key_directory_;
    std::unique_ptr<RunningKernel> kernel_;
    ModuleStore store_;
    std::vector<Remembered> remembered_;
    Host host_;
};

} // namespace livepatch::repository
