// What a repository has for another kernel that this host may boot: read and checked as far as that
// can be done before that kernel runs.
#pragma once

#include "repository/host.hpp"
#include "repository/listing.hpp"
#include "repository/shortlist.hpp"
#include "repository/source.hpp"
#include "repository/stamp.hpp"
#include "repository/tuf_repository.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace livepatch::repository {

// One repository's. Used from one thread at a time; reads and verifies whole modules, so on a
// worker.
class Outlook {
public:
    // Rollouts that bring a patch later than that are not looked at.
    static constexpr std::chrono::days foresight{30};

    Outlook(Source source, std::filesystem::path key_directory, Host host);

    // What the host would load into each of these kernels by itself, now and within the foresight,
    // in stack order. A module that is there has been read, and has the signatures that its source
    // wants; which build of the kernel it will meet, and its symbols, nobody can tell before. What
    // is not there, or not good, is refused for that.
    std::vector<KernelListing>
    of(TufRepository& repository, std::vector<std::string> const& releases);

private:
    struct Known {
        Stamp stamp;
        PatchEntry entry;
        std::string signer;
    };

    using Examined = std::map<std::pair<std::string, std::string>, Known>; // by release and digest

    KernelListing
    listing_of(TufRepository& repository, std::string const& release, Examined& examined);
    void
    examine(TufRepository& repository, PatchEntry const& entry, Offer& offer, Examined& examined);
    base::Result<std::string>
    check(TufRepository& repository, PatchEntry const& entry, std::string const& release) const;
    RolloutHost rollout_host() const;

    Source source_;
    std::filesystem::path key_directory_;
    Host host_;
    std::string rules_; // changes with what decides about every module
    Examined known_;    // good ones
};

} // namespace livepatch::repository
