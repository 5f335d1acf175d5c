// The modules that were loaded before, for what cannot wait until a source answers.
#pragma once

#include "base/result.hpp"
#include "repository/module_store.hpp"
#include "repository/offer.hpp"
#include "repository/source.hpp"
#include "trust/verified_patch.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::repository {

// A value, and copies are cheap: a job on a worker takes one along. Asks no source for anything;
// blocks on the disk of the store and of the certificates.
class VerifiedStore {
public:
    VerifiedStore(
        ModuleStore store,
        std::vector<Source> sources,
        std::filesystem::path key_directory,
        std::string release
    );

    // The sources whose rules count: which certificates, or none.
    void configure(std::vector<Source> sources) { sources_ = std::move(sources); }

    ModuleStore const& modules() const { return store_; }

    // The stored module of an offer that was in this very kernel before: its digest, its release
    // and its signature are looked at as of now, not what else was found good then. An error when
    // it is not there or damaged, or nobody trusts it any more.
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const;

private:
    ModuleStore store_;
    std::vector<Source> sources_;
    std::filesystem::path key_directory_;
    std::string release_;
};

} // namespace livepatch::repository
