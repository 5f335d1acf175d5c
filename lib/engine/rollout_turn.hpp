// Whether it is this host's turn in the rollout of a patch. Pure.
#pragma once

#include "engine/state.hpp"
#include "repository/offer.hpp"

#include <optional>
#include <string>

namespace livepatch::engine {

struct Unreached {
    std::string why;               // in words
    std::optional<Time> turn = {}; // when it will be; nothing = not known
};

// Why its publisher does not want it on this host yet; nothing = he does.
std::optional<Unreached> rollout_of(repository::Offer const& offer, Time now);

} // namespace livepatch::engine
