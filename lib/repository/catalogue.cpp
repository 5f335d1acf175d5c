#include "repository/catalogue.hpp"

namespace livepatch::repository {

Offer const* Catalogue::choose(std::string_view patch) const {
    Offer const* best = nullptr;
    for (auto const& offer : offers) {
        if (offer.name() != patch && offer.id != patch)
            continue;
        if (best == nullptr || preferred(offer, *best))
            best = &offer;
    }
    return best;
}

Offer const* Catalogue::find_digest(std::string_view sha256) const {
    for (auto const& offer : offers)
        if (offer.sha256 == sha256 && !sha256.empty())
            return &offer;
    return nullptr;
}

} // namespace livepatch::repository
