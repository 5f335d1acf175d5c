// What was in the kernel before the reboot, from the daemon's own store: verified anew, and only
// while its file is in its source. Of a repository, only while that is trusted and has not taken it
// back, as far as we have seen: at boot it may not be mounted, and its metadata may have expired.
//
// The boot waits for it, so each is verified once: what was found good when it was listed stays in
// its sealed file, where nobody can change it, until it is loaded.
#pragma once

#include "repository/host.hpp"
#include "repository/module_store.hpp"
#include "repository/running_kernel.hpp"
#include "repository/supply.hpp"
#include "trust/verifier.hpp"

#include <cstddef>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <optional>
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
    std::vector<SystemState> states = {};
    bool reversible = true;
};

// It may be under way still, on a thread of its own.
using ComingKernel = std::shared_future<std::shared_ptr<RunningKernel>>;

class StoredPatches : public Supply {
public:
    StoredPatches(
        std::vector<Source> sources,
        std::filesystem::path key_directory,
        ComingKernel kernel,
        ModuleStore store,
        std::vector<Remembered> remembered,
        Host host = {}
    );

    void configure(std::vector<Source> sources) override;

    // In stack order. What is not offered any more and why is among the problems.
    Catalogue read() override;

    // At boot nobody asks for it.
    base::Result<void> reset_trust(std::string const& source) override;

    // As of the reading, once; from then on, and without one, as of now: its certificate has to be
    // there still, and its source as said above.
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const override;

private:
    // More of it is read from the disk again: they all lie in memory until they are loaded.
    static constexpr std::size_t most_kept = std::size_t{64} * 1024 * 1024;

    // nullopt = nothing is said of it.
    using LastWord = std::optional<PatchEntry>;

    struct Checked {
        trust::VerifiedPatch patch;
        LastWord said;
    };

    base::Result<LastWord>
    check_source(Source const& source, std::string const& sha256, std::string const& file) const;
    base::Result<Checked>
    check(Source const& source, std::string const& sha256, std::string const& file) const;

    RunningKernel& kernel() const { return *kernel_.get(); }

    Source const* find(std::string const& name) const;
    base::Result<Offer> offer_of(Remembered const& remembered);
    void keep(trust::VerifiedPatch patch);

    std::vector<Source> sources_;
    std::filesystem::path key_directory_;
    ComingKernel kernel_;
    ModuleStore store_;
    std::vector<Remembered> remembered_;
    Host host_;
    // By digest, what was read last and is not loaded yet. Verifying changes nothing that anybody
    // sees.
    mutable std::map<std::string, trust::VerifiedPatch> kept_;
    std::size_t kept_bytes_ = 0; // at the reading
};

} // namespace livepatch::repository
