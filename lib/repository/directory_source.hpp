// A source that is a directory of module files, accepted by their module signature; or, where an
// admin wants that, without one.
#pragma once

#include "base/error.hpp"
#include "repository/listing.hpp"
#include "repository/module_entry.hpp"
#include "repository/offer.hpp"
#include "repository/running_kernel.hpp"
#include "repository/source.hpp"
#include "trust/keyring.hpp"
#include "trust/verified_patch.hpp"
#include "trust/verifier.hpp"

#include <map>
#include <string>
#include <vector>

namespace livepatch::repository {

// Used from one thread at a time; reads and verifies whole modules, so on a worker.
class DirectorySource {
public:
    // `kernel` must outlive it.
    DirectorySource(Source source, std::filesystem::path key_directory, RunningKernel& kernel);

    Source const& source() const { return source_; }

    // In version order of the file names. Files that did not change since the last call are not
    // read again. Names that begin with a dot or do not end in .ko, .ko.xz, .ko.zst, .ko.gz are
    // ignored, but for a module's sidecar. A directory that does not exist is empty.
    Listing list();

    // Reads an offered file once more and makes it loadable, provided that it is still what was
    // offered (conflict otherwise) and verifies.
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const;

private:
    struct Known {
        ModuleEntry::Stamps stamps;
        // Read long enough after its last change that the stamps tell the next one.
        bool settled = false;
        Offer offer;
    };

    base::Result<base::UniqueFd> open_directory() const;
    void forget_if_rules_changed();
    base::Result<Offer>
    offer_of(int directory, std::string const& name, std::vector<base::Error>& problems);
    bool depends_on_loaded_modules(Offer const& offer) const;
    Offer new_offer(std::filesystem::path const& path) const;
    Offer examine(ModuleEntry const& entry) const;
    base::Result<void> check_origin(ModuleEntry const& entry) const;
    base::Result<void>
    check_sidecar(ModuleEntry const& entry, ModuleEntry::Content const& content) const;
    base::Result<void>
    check_fit(ModuleEntry const& entry, ModuleEntry::Content const& content) const;
    base::Result<std::string> check(
        ModuleEntry const& entry,
        ModuleEntry::Content const& content,
        trust::Verifier const& verifier
    ) const;
    trust::Verifier verifier(trust::Keyring const& keys) const;

    Source source_;
    std::filesystem::path key_directory_;
    RunningKernel& kernel_;
    trust::Keyring keys_;
    std::string rules_;                  // changes with what decides about every file
    std::map<std::string, Known> known_; // by file name
};

} // namespace livepatch::repository
