// What of the offers is applied by itself, and when: the [apply] table of the configuration. Pure.
#pragma once

#include "engine/state.hpp"
#include "engine/time_window.hpp"
#include "repository/catalogue.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::engine {

struct Policy {
    std::string minimum_severity = "low"; // a patch of unknown severity counts as critical
    std::chrono::seconds delay{0};        // from when the digest was offered first
    std::vector<TimeWindow> windows = {}; // none = always
};

struct PolicyVerdict {
    std::map<std::string, std::string> below = {}; // by digest: too little severe, in words
    std::map<std::string, std::string> later = {}; // by digest: until when, in words
    std::optional<Time> next = {};                 // when this changes by itself
};

PolicyVerdict apply_policy(
    Policy const& policy, repository::Catalogue const& catalogue, State const& state, Time now
);

// Remembers what is offered for the first time, and forgets what has not been offered any more for
// long. Whether there was a change.
bool remember_first_seen(State& state, repository::Catalogue const& catalogue, Time now);

// The second half of it: what is not among the digests that are offered.
bool forget_first_seen(State& state, std::set<std::string_view> const& offered, Time now);

} // namespace livepatch::engine
