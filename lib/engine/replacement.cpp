#include "engine/replacement.hpp"

#include "engine/pins.hpp"
#include "engine/selection.hpp"

#include <algorithm>

namespace livepatch::engine {

namespace {

using base::PatchState;
using repository::Offer;

bool is_fit(World const& world, Judgement const& harmful, Offer const& offer) {
    return offer.module.replace == module::Replace::yes && offer.source == harmful.record->source &&
           world.state.is_good(offer.sha256, world.kernel) && !is_held(world.state, offer) &&
           !world.failures.contains(offer.sha256) && !world.not_yet.contains(offer.sha256) &&
           !world.unfit.contains(offer.sha256) && world.cannot_take_over(offer).empty();
}

bool is_offered(Judgement const& other) {
    return other.offer != nullptr && other.state == PatchState::absent && !other.refusal;
}

// Of what is offered, its judgement says whether it may be loaded.
bool is_only_stored(World const& world, Offer const& offer) {
    return !world.stopped && world.catalogue.find_digest(offer.sha256) == nullptr &&
           world.taken_back(offer.sha256) == nullptr &&
           world.state.find_quarantine(offer.sha256) == nullptr &&
           world.observed.find(offer.name()) == nullptr;
}

} // namespace

std::vector<Offer> stored_offers(State const& state, std::string_view kernel) {
    std::vector<Offer> offers;
    for (auto const& good : state.good) {
        if (good.kernel != kernel || good.replace != module::Replace::yes || good.name.empty())
            continue;
        Offer offer{
            .source = good.source,
            .priority = good.priority,
            .path = good.file,
            .id = good.id,
            .sha256 = good.sha256};
        offer.place = good.file;
        offer.states = good.states;
        offer.module.name = good.name;
        offer.module.replace = good.replace;
        offers.push_back(std::move(offer));
    }
    return offers;
}

Offer const* replacement_for(
    World const& world, Judgement const& harmful, std::vector<Judgement> const& judgements
) {
    Offer const* best = nullptr;
    auto const consider = [&](Offer const& offer) {
        if (is_fit(world, harmful, offer) &&
            (best == nullptr || is_later(file_of(offer), file_of(*best))))
            best = &offer;
    };
    for (auto const& other : judgements)
        if (is_offered(other))
            consider(*other.offer);
    for (auto const& offer : world.stored)
        if (is_only_stored(world, offer))
            consider(offer);
    return best;
}

} // namespace livepatch::engine
