// Brings our records in line with what the kernel shows: pure.
#pragma once

#include "engine/state.hpp"
#include "kernel/livepatch_tree.hpp"
#include "report/event.hpp"
#include "repository/catalogue.hpp"

#include <string_view>
#include <vector>

namespace livepatch::engine {

struct Change {
    kernel::Observation const* before = nullptr; // nullptr = the daemon just started
    kernel::Observation const& now;
    repository::Catalogue const& catalogue;
    std::string_view boot_id;
    std::string_view in_flight; // the patch an operation of ours works on right now; "" = none
    Time time;
};

struct Settled {
    bool changed = false; // the state has to be saved
    std::vector<report::Event> events;
};

// What somebody else disabled or unloaded gets a hold: an admin's word stands, whichever tool he
// used (DESIGN §2.8). What a cumulative patch replaced does not.
Settled settle(State& state, Change const& change);

} // namespace livepatch::engine
