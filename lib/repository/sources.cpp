#include "repository/sources.hpp"

#include <algorithm>
#include <iterator>

namespace livepatch::repository {

Sources::Sources(
    std::vector<Source> sources,
    std::filesystem::path const& key_directory,
    std::string const& release
) {
    std::sort(sources.begin(), sources.end(), [](auto const& left, auto const& right) {
        return left.priority != right.priority ? left.priority > right.priority
                                               : left.name < right.name;
    });
    for (auto& source : sources)
        sources_.emplace_back(std::move(source), key_directory, release);
}

Catalogue Sources::read() {
    Catalogue catalogue;
    for (auto& source : sources_) {
        auto listing = source.list();
        std::move(
            listing.offers.begin(), listing.offers.end(), std::back_inserter(catalogue.offers)
        );
        std::move(
            listing.problems.begin(), listing.problems.end(), std::back_inserter(catalogue.problems)
        );
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
