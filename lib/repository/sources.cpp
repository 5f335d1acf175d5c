#include "repository/sources.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

namespace livepatch::repository {

Sources::Sources(
    std::vector<Source> sources, std::filesystem::path key_directory, RunningKernel kernel
)
    : kernel_(std::make_unique<RunningKernel>(std::move(kernel))),
      key_directory_(std::move(key_directory)) {
    configure(std::move(sources));
}

void Sources::configure(std::vector<Source> sources) {
    sources_.clear();
    std::sort(sources.begin(), sources.end(), [](auto const& left, auto const& right) {
        return left.priority != right.priority ? left.priority > right.priority
                                               : left.name < right.name;
    });
    for (auto& source : sources)
        sources_.emplace_back(std::move(source), key_directory_, *kernel_);
}

Catalogue Sources::read() {
    Catalogue catalogue;
    std::set<std::string> told;
    for (auto& source : sources_) {
        if (source.source().trust == Trust::none)
            catalogue.insecure.push_back(source.source().name);
        auto listing = source.list();
        std::move(
            listing.offers.begin(), listing.offers.end(), std::back_inserter(catalogue.offers)
        );
        for (auto& problem : listing.problems)
            if (told.insert(describe(problem)).second) // all sources share the certificates
                catalogue.problems.push_back(std::move(problem));
    }
    catalogue.read_at = std::chrono::system_clock::now();
    return catalogue;
}

base::Result<trust::VerifiedPatch> Sources::verify(Offer const& offer) const {
    for (auto const& source : sources_)
        if (source.source().name == offer.source)
            return source.verify(offer);
    return base::Error{
        .code = base::Errc::not_found,
        .subject = offer.path.string(),
        .cause = "its source " + offer.source + " is not configured any more",
        .remedy = {}};
}

} // namespace livepatch::repository
