#include "repository/sources.hpp"

#include "repository/trust_reset.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

namespace livepatch::repository {

namespace {

using AnySource = std::variant<DirectorySource, TufSource>;

Source const& source_of(AnySource const& source) {
    return std::visit([](auto const& one) -> Source const& { return one.source(); }, source);
}

// All of them have looked at the same kernels, unless one was installed in between.
void add(KernelListing listing, std::vector<KernelListing>& kernels) {
    auto found = std::find_if(kernels.begin(), kernels.end(), [&](auto const& kernel) {
        return kernel.release == listing.release;
    });
    if (found == kernels.end()) {
        kernels.push_back(std::move(listing));
        return;
    }
    std::move(listing.offers.begin(), listing.offers.end(), std::back_inserter(found->offers));
    std::move(
        listing.problems.begin(), listing.problems.end(), std::back_inserter(found->problems)
    );
}

void add(Listing listing, Catalogue& catalogue) {
    catalogue.taken_back.merge(listing.taken_back);
    for (auto const& offer : listing.offers)
        if (offer.withdrawn)
            catalogue.taken_back.try_emplace(offer.sha256, *offer.withdrawn);
    std::move(listing.offers.begin(), listing.offers.end(), std::back_inserter(catalogue.offers));
    for (auto& kernel : listing.other_kernels)
        add(std::move(kernel), catalogue.other_kernels);
    if (listing.advice)
        catalogue.advice.push_back(*std::move(listing.advice));
    if (listing.expires)
        catalogue.expires =
            std::min(catalogue.expires.value_or(*listing.expires), *listing.expires);
}

} // namespace

Sources::Sources(
    std::vector<Source> sources,
    std::filesystem::path key_directory,
    RunningKernel kernel,
    Host host
)
    : kernel_(std::make_unique<RunningKernel>(std::move(kernel))),
      key_directory_(std::move(key_directory)),
      host_(std::move(host)) {
    configure(std::move(sources));
}

void Sources::configure(std::vector<Source> sources) {
    sources_.clear();
    std::sort(sources.begin(), sources.end(), [](auto const& left, auto const& right) {
        return left.priority != right.priority ? left.priority > right.priority
                                               : left.name < right.name;
    });
    for (auto& source : sources)
        if (source.trust == Trust::tuf)
            sources_.emplace_back(
                std::in_place_type<TufSource>, std::move(source), key_directory_, host_, *kernel_
            );
        else
            sources_.emplace_back(
                std::in_place_type<DirectorySource>, std::move(source), key_directory_, *kernel_
            );
}

Catalogue Sources::read() {
    Catalogue catalogue;
    std::set<std::string> told;
    for (auto& source : sources_) {
        now_reading(source_of(source).name + " (" + source_of(source).path.string() + ')');
        if (source_of(source).trust == Trust::none)
            catalogue.insecure.push_back(source_of(source).name);
        auto listing = std::visit([](auto& one) { return one.list(); }, source);
        for (auto& problem : listing.problems)
            if (told.insert(describe(problem)).second) // all sources share the certificates
                catalogue.problems.push_back(std::move(problem));
        add(std::move(listing), catalogue);
    }
    now_reading({});
    catalogue.read_at = std::chrono::system_clock::now();
    return catalogue;
}

// First the mirror's, so that a crash in between leaves a reset that can be asked for again.
base::Result<void> Sources::reset_trust(std::string const& name) {
    for (auto const& any : sources_) {
        auto const& source = source_of(any);
        if (source.trust != Trust::tuf || source.name != name)
            continue;
        if (source.web) {
            auto const now = std::chrono::system_clock::now().time_since_epoch().count();
            auto told = TrustReset(host_.resets).tell(name, std::to_string(now));
            if (!told)
                return told;
        }
        return TufRepository::forget(TufSource::state_of(source, host_));
    }
    return base::Error{
        .code = base::Errc::not_found,
        .subject = name,
        .cause = "no repository of this name is configured",
        .remedy = "see /etc/livepatchd/repos.d"};
}

base::Result<trust::VerifiedPatch> Sources::verify(Offer const& offer) const {
    for (auto const& source : sources_)
        if (source_of(source).name == offer.source)
            return std::visit([&](auto const& one) { return one.verify(offer); }, source);
    return base::Error{
        .code = base::Errc::not_found,
        .subject = offer.path.string(),
        .cause = "its source " + offer.source + " is not configured any more",
        .remedy = {}};
}

} // namespace livepatch::repository
