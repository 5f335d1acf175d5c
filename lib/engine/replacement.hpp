// The way back from a cumulative patch that did harm: the last good one over it.
#pragma once

#include "engine/judgement.hpp"
#include "engine/world.hpp"
#include "repository/offer.hpp"

#include <string_view>
#include <vector>

namespace livepatch::engine {

// As if their sources offered them still: the cumulative patches that proved good on this kernel.
// Whether they are stored, and what their signatures are worth by now, shows when one is verified.
std::vector<repository::Offer> stored_offers(State const& state, std::string_view kernel);

// What is to take the place of `harmful`: cumulative, of the same source, proved on this kernel and
// not refused by anybody since; the newest of them. nullptr = nothing.
repository::Offer const* replacement_for(
    World const& world, Judgement const& harmful, std::vector<Judgement> const& judgements
);

} // namespace livepatch::engine
