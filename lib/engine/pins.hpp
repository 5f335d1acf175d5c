// Older versions that an admin wants, and the stack order that says what is older.
#pragma once

#include "engine/state.hpp"
#include "repository/offer.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::engine {

std::string file_of(repository::Offer const& offer);

// Whether a file name comes after another in the stack order of its source (strverscmp).
bool is_later(std::string_view left, std::string_view right);

// Whether the offer is newer than what is pinned, so that it is not loaded by itself.
bool keeps_out(Pin const& pin, repository::Offer const& offer);

// An admin asked for this offer: what kept it out is lifted, and what he pins with it is added.
// Returns what was lifted.
std::vector<Pin>
repin(State& state, repository::Offer const& offer, std::optional<Pin> pin, Time time);

} // namespace livepatch::engine
