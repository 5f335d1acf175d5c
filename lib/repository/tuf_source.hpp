// A source that is a signed repository.
#pragma once

#include "repository/host.hpp"
#include "repository/listing.hpp"
#include "repository/module_entry.hpp"
#include "repository/outlook.hpp"
#include "repository/running_kernel.hpp"
#include "repository/shortlist.hpp"
#include "repository/source.hpp"
#include "repository/tuf_repository.hpp"
#include "trust/keyring.hpp"
#include "trust/verified_patch.hpp"
#include "trust/verifier.hpp"

#include <map>
#include <string>
#include <vector>

namespace livepatch::repository {

// Used from one thread at a time; reads and verifies whole modules, so on a worker.
class TufSource {
public:
    // `kernel` must outlive it.
    TufSource(Source source, std::filesystem::path key_directory, Host host, RunningKernel& kernel);

    Source const& source() const { return source_; }

    // What the repository publishes for the running kernel, as of now. When it cannot be believed,
    // what it published last stands, and all of it is refused for that reason: what is loaded is
    // known still, and nothing new is.
    //
    // Of a repository that is believed also what it has for the other kernels of this host.
    //
    // The modules that the host may load by itself have been read and checked; of the others it is
    // known whether they are there. Of very many the newest are offered.
    Listing list();

    // Believes nothing that list() has found: the whole chain again, and the module. conflict when
    // the repository offers another one by now.
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const;

    // Where it is remembered what was accepted of a source.
    static std::filesystem::path state_of(Source const& source, Host const& host);

    // What an entry says, without its file.
    static Offer describe(Source const& source, KernelEntry const& kernel, PatchEntry const& entry);

private:
    using Published = TufRepository::Published;

    // What was found out about a module, as long as neither it, nor what is said of it, nor a
    // certificate changes.
    struct Known {
        Stamp stamp;
        PatchEntry entry;
        Offer offer;
    };

    base::Result<TufRepository> open() const;
    Listing list_running(TufRepository& repository);
    Offer offer_of(Published const& published, PatchEntry const& entry) const;
    Listing list_published(TufRepository& repository, Published const& published);
    Listing list_refused(base::Error const& error) const;
    void
    check_needed(TufRepository& repository, Published const& published, std::vector<Offer>& offers);
    void check_others(
        TufRepository& repository, Published const& published, std::vector<Offer>& offers
    ) const;
    void examine(
        TufRepository& repository, Published const& published, PatchEntry const& entry, Offer& offer
    );
    base::Result<std::string> check(
        Published const& published, PatchEntry const& entry, trust::Candidate const& candidate
    ) const;
    RolloutHost rollout_host() const;

    Source source_;
    std::filesystem::path key_directory_;
    Host host_;
    RunningKernel& kernel_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    std::string rules_;     // changes with what decides about every module
    std::map<std::string, Known> known_; // by digest
    Outlook outlook_;                    // for the other kernels
};

} // namespace livepatch::repository
