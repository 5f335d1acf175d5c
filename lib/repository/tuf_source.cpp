#include "repository/tuf_source.hpp"

#include "base/unique_fd.hpp"
#include "repository/agreement.hpp"
#include "repository/safe_directory.hpp"
#include "repository/source_verifier.hpp"
#include "repository/stamp.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <utility>

namespace livepatch::repository {

namespace {

// How often what cannot be used makes room for something older: whoever can take modules away must
// not make us look at all there ever were.
constexpr int most_tries = 8;

// A network file system may hang, and is not opened unless that was meant. Nor is what a mirror
// leads to: it belongs to livepatch-fetch, and may be what somebody else made of it.
base::Result<void> check_place(Source const& source) {
    if (source.remote)
        return {};
    auto const follow = source.web ? O_NOFOLLOW : 0;
    base::UniqueFd const directory(
        ::open(source.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | follow)
    );
    if (!directory) {
        auto error = base::system_error(source.path.string(), "cannot open", errno);
        error.code = base::Errc::unreachable;
        if (source.web && error.os_error == ENOENT)
            error.remedy =
                "nothing of it has been fetched so far: systemctl start livepatch-fetch, "
                "and see journalctl -u livepatch-fetch";
        return error;
    }
    return check_file_system(directory.get(), source.path);
}

KernelAdvice advice_of(Source const& source, KernelCatalogue const& catalogue) {
    return {
        .source = source.name,
        .support_status = catalogue.kernel.support_status,
        .support_ends = catalogue.kernel.support_ends,
        .reboot_into = catalogue.kernel.reboot_into,
        .unfixed = catalogue.unfixed};
}

Offer* find(std::vector<Offer>& offers, std::string const& sha256) {
    auto const found = std::find_if(offers.begin(), offers.end(), [&](auto const& offer) {
        return offer.sha256 == sha256;
    });
    return found == offers.end() ? nullptr : &*found;
}

} // namespace

TufSource::TufSource(
    Source source, std::filesystem::path key_directory, Host host, RunningKernel& kernel
)
    : source_(std::move(source)),
      key_directory_(std::move(key_directory)),
      host_(std::move(host)),
      kernel_(kernel),
      outlook_(source_, key_directory_, host_) {}

std::filesystem::path TufSource::state_of(Source const& source, Host const& host) {
    return host.trust_state / source.name;
}

RolloutHost TufSource::rollout_host() const {
    return {.machine_id = host_.machine_id, .repository = source_.name, .ring = source_.ring};
}

base::Result<TufRepository> TufSource::open() const {
    if (auto good = check_place(source_); !good)
        return good.error();
    return TufRepository::open(
        {.tree = source_.path, .anchor = source_.root, .state = state_of(source_, host_)},
        time_of(host_)
    );
}

Offer TufSource::describe(
    Source const& source, KernelEntry const& kernel, PatchEntry const& entry
) {
    using module::Replace;
    Offer offer{
        .source = source.name,
        .priority = source.priority,
        .path = source.path / "targets" / entry.module.path,
        .id = entry.id,
        .sha256 = entry.module.sha256,
        .version = entry.version ? std::to_string(*entry.version) : std::string(),
        .severity = entry.severity,
        .cves = entry.cves,
        .place = stack_place(entry),
        .needs = entry.needs,
        .conflicts = entry.conflicts,
        .supersedes = entry.supersedes,
        .times = entry.times,
        .states = entry.states,
        .reversible = entry.reversible,
        .release_only = kernel.build_ids.empty()};
    offer.module.name = entry.module.name;
    offer.module.release = kernel.release;
    offer.module.build_id = entry.module.build_id;
    offer.module.objects = entry.functions;
    offer.module.replace = !entry.replace   ? Replace::unknown
                           : *entry.replace ? Replace::yes
                                            : Replace::no;
    return offer;
}

Offer TufSource::offer_of(Published const& published, PatchEntry const& entry) const {
    auto offer = describe(source_, published.catalogue.kernel, entry);
    offer.rollout = plan_of(entry, rollout_host());
    offer.withdrawn = taken_back(entry, published.brakes);
    if (offer.withdrawn)
        offer.refused = taken_back_error(entry.id, *offer.withdrawn);
    return offer;
}

Listing TufSource::list() {
    auto const others = kernel_.others();
    auto repository = open();
    if (!repository) {
        auto listing = list_refused(repository.error());
        for (auto const& release : others)
            listing.other_kernels.push_back({.release = release, .problems = {repository.error()}});
        return listing;
    }
    auto listing = list_running(*repository);
    listing.other_kernels = outlook_.of(*repository, others);
    if (auto const installed = kernel_.installed())
        repository->remember_only(*installed);
    return listing;
}

Listing TufSource::list_running(TufRepository& repository) {
    auto const published = repository.published(arch_of(host_), kernel_.release(), source_.ring);
    if (!published && published.error().code == base::Errc::not_found) {
        Listing listing{.problems = {published.error()}, .expires = repository.expires()};
        listing.problems.front().cause =
            "the repository " + source_.name + " publishes nothing for the running kernel";
        return listing;
    }
    if (!published)
        return list_refused(published.error());
    return list_published(repository, *published);
}

// Its word of what was taken back holds on, too.
Listing TufSource::list_refused(base::Error const& error) const {
    Listing listing{.problems = {error}};
    auto const published =
        TufRepository::remembered(state_of(source_, host_), kernel_.release(), source_.ring);
    if (!published)
        return listing;
    for (auto const& entry : published->catalogue.patches) {
        auto& offer = listing.offers.emplace_back(offer_of(*published, entry));
        if (offer.refused)
            continue;
        offer.refused = error;
        offer.source_failed = true;
    }
    listing.taken_back = all_taken_back(*published);
    listing.advice = advice_of(source_, published->catalogue);
    return listing;
}

Listing TufSource::list_published(TufRepository& repository, Published const& published) {
    Listing listing{
        .taken_back = all_taken_back(published),
        .advice = advice_of(source_, published.catalogue),
        .expires = repository.expires()};
    auto rules = stamp_of_directory(key_directory_);
    if (std::exchange(rules_, rules) != rules)
        known_.clear();
    for (auto const& entry : published.catalogue.patches)
        listing.offers.push_back(offer_of(published, entry));
    auto const path = catalogue_path(arch_of(host_), kernel_.release());
    if (auto fits = check_kernel(published.catalogue.kernel, kernel_, path); !fits) {
        listing.problems.push_back(fits.error());
        for (auto& offer : listing.offers)
            offer.refused = fits.error();
        return listing;
    }
    if (source_.wants_module_signature)
        listing.problems = trust::Keyring::load(key_directory_, source_.keys).problems();
    check_needed(repository, published, listing.offers);
    check_others(repository, published, listing.offers);
    for (auto const& offer : listing.offers)
        if (offer.refused && offer.refused->code != base::Errc::withdrawn &&
            offer.refused->code != base::Errc::not_found)
            listing.problems.push_back(*offer.refused);
    return listing;
}

// What cannot be used makes room for what it would have taken the place of.
void TufSource::check_needed(
    TufRepository& repository, Published const& published, std::vector<Offer>& offers
) {
    auto unusable = published.brakes;
    std::map<std::string, Known> still_there;
    bool settled = false;
    for (int tries = 0; !settled && tries < most_tries; ++tries) {
        settled = true;
        auto const needed =
            needed_now(published.catalogue, unusable, rollout_host(), time_of(host_));
        for (auto const* entry : needed) {
            auto* offer = find(offers, entry->module.sha256);
            if (offer == nullptr || still_there.contains(offer->sha256))
                continue;
            examine(repository, published, *entry, *offer);
            if (auto node = known_.extract(offer->sha256); node)
                still_there.insert(std::move(node));
            if (offer->refused) {
                unusable.emplace(offer->sha256, "");
                settled = false;
            }
        }
    }
    known_ = std::move(still_there);
}

// A mirror has what the host may need, and no more.
void TufSource::check_others(
    TufRepository& repository, Published const& published, std::vector<Offer>& offers
) const {
    auto const now = time_of(host_);
    for (auto const& entry : published.catalogue.patches) {
        auto* offer = find(offers, entry.module.sha256);
        bool const may_be_had = offer != nullptr && !offer->refused && offer->rollout.reaches(now);
        if (!may_be_had || known_.contains(offer->sha256) || !offer->signer.empty())
            continue;
        auto const path = repository.path_of(entry);
        if (!path)
            offer->refused = path.error();
        else if (!stamp_of(*path))
            offer->refused = base::Error{
                .code = base::Errc::not_found,
                .subject = path->string(),
                .cause = "is not here: something newer takes its place",
                .remedy = {}};
    }
}

void TufSource::examine(
    TufRepository& repository, Published const& published, PatchEntry const& entry, Offer& offer
) {
    auto const path = repository.path_of(entry);
    if (!path) {
        offer.refused = path.error();
        return;
    }
    auto const stamp = stamp_of(*path);
    auto const known = known_.find(offer.sha256);
    bool const is_known = known != known_.end() && stamp && known->second.stamp == *stamp &&
                          known->second.entry == entry;
    if (is_known) {
        bool const release_only = offer.release_only; // what the kernel's entry says
        offer = known->second.offer;
        offer.release_only = release_only;
        return;
    }
    auto const candidate = repository.module(entry);
    if (!candidate) {
        offer.refused = candidate.error();
        return;
    }
    auto const told = offer.module.replace;
    auto const objects = std::exchange(offer.module.objects, {});
    offer.module = candidate->module();
    offer.module.versions.clear(); // only for the check: an offer may stay for months
    if (offer.module.objects.empty())
        offer.module.objects = objects;
    if (offer.module.replace == module::Replace::unknown)
        offer.module.replace = told;
    auto signer = check(published, entry, *candidate);
    if (signer)
        offer.signer = *std::move(signer);
    else
        offer.refused = signer.error();
    // What does not fit for what else is loaded may fit later.
    if (stamp && is_settled(*stamp) && !offer.refused)
        known_.insert_or_assign(
            offer.sha256, Known{.stamp = *stamp, .entry = entry, .offer = offer}
        );
}

base::Result<std::string> TufSource::check(
    Published const& published, PatchEntry const& entry, trust::Candidate const& candidate
) const {
    auto signer = verifier_of(source_, key_directory_, kernel_.release()).check(candidate);
    if (!signer)
        return signer;
    auto const& subject = candidate.subject();
    if (auto good = check_agreement(published.catalogue.kernel, entry, candidate, kernel_, subject);
        !good)
        return good.error();
    if (auto good = kernel_.symbols().check(candidate.module().versions, subject); !good)
        return good.error();
    return signer;
}

base::Result<trust::VerifiedPatch> TufSource::verify(Offer const& offer) const {
    auto repository = open();
    if (!repository)
        return repository.error();
    auto const published = repository->published(arch_of(host_), kernel_.release(), source_.ring);
    if (!published)
        return published.error();
    auto const& patches = published->catalogue.patches;
    auto const entry = std::find_if(patches.begin(), patches.end(), [&](auto const& patch) {
        return patch.module.sha256 == offer.sha256 && patch.id == offer.id;
    });
    if (entry == patches.end()) {
        return base::Error{
            .code = base::Errc::conflict,
            .subject = offer.path.string(),
            .cause = "changed since it was read",
            .remedy = "try again"};
    }
    if (auto const withdrawal = taken_back(*entry, published->brakes))
        return taken_back_error(entry->id, *withdrawal);
    auto candidate = repository->module(*entry);
    if (!candidate)
        return candidate.error();
    if (auto good = check(*published, *entry, *candidate); !good)
        return good.error();
    return verifier_of(source_, key_directory_, kernel_.release()).verify(*std::move(candidate));
}

} // namespace livepatch::repository
