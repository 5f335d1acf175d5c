#include "repository/outlook.hpp"

#include "repository/agreement.hpp"
#include "repository/source_verifier.hpp"
#include "repository/tuf_source.hpp"

#include <utility>

namespace livepatch::repository {

Outlook::Outlook(Source source, std::filesystem::path key_directory, Host host)
    : source_(std::move(source)),
      key_directory_(std::move(key_directory)),
      host_(std::move(host)) {}

RolloutHost Outlook::rollout_host() const {
    return {.machine_id = host_.machine_id, .repository = source_.name, .ring = source_.ring};
}

std::vector<KernelListing>
Outlook::of(TufRepository& repository, std::vector<std::string> const& releases) {
    auto rules = stamp_of_directory(key_directory_);
    if (std::exchange(rules_, rules) != rules)
        known_.clear();
    Examined examined;
    std::vector<KernelListing> listings;
    for (auto const& release : releases)
        listings.push_back(listing_of(repository, release, examined));
    known_ = std::move(examined);
    return listings;
}

KernelListing
Outlook::listing_of(TufRepository& repository, std::string const& release, Examined& examined) {
    KernelListing listing{.release = release};
    auto const published = repository.published(arch_of(host_), release, source_.ring);
    if (!published) {
        auto& problem = listing.problems.emplace_back(published.error());
        if (problem.code == base::Errc::not_found)
            problem.cause = "the repository " + source_.name + " publishes nothing for this kernel";
        return listing;
    }
    auto const host = rollout_host();
    auto const now = time_of(host_);
    for (auto const* entry :
         needed_until(published->catalogue, published->brakes, host, now, now + foresight)) {
        auto& offer = listing.offers.emplace_back(
            TufSource::describe(source_, published->catalogue.kernel, *entry)
        );
        offer.rollout = plan_of(*entry, host);
        // Who fetches brings it in time.
        if (offer.rollout.is_paused() || !offer.rollout.reaches(now))
            continue;
        examine(repository, *entry, offer, examined);
    }
    return listing;
}

void Outlook::examine(
    TufRepository& repository, PatchEntry const& entry, Offer& offer, Examined& examined
) {
    auto const path = repository.path_of(entry);
    if (!path) {
        offer.refused = path.error();
        return;
    }
    auto const stamp = stamp_of(*path);
    auto const key = std::pair(offer.module.release, offer.sha256);
    auto const known = known_.find(key);
    bool const is_same = known != known_.end() && stamp && known->second.stamp == *stamp &&
                         known->second.entry == entry;
    auto signer = is_same ? base::Result<std::string>(known->second.signer)
                          : check(repository, entry, offer.module.release);
    if (!signer) {
        offer.refused = signer.error();
        return;
    }
    offer.signer = *std::move(signer);
    if (stamp && is_settled(*stamp))
        examined.insert_or_assign(
            key, Known{.stamp = *stamp, .entry = entry, .signer = offer.signer}
        );
}

base::Result<std::string> Outlook::check(
    TufRepository& repository, PatchEntry const& entry, std::string const& release
) const {
    auto const candidate = repository.module(entry);
    if (!candidate)
        return candidate.error();
    auto signer = verifier_of(source_, key_directory_, release).check(*candidate);
    if (!signer)
        return signer;
    if (auto good = check_description(entry, *candidate, candidate->subject()); !good)
        return good.error();
    return signer;
}

} // namespace livepatch::repository
