// Brings our records in line with what the kernel shows: pure.
#pragma once

#include "engine/state.hpp"
#include "kernel/livepatch_tree.hpp"
#include "report/event.hpp"
#include "repository/catalogue.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::engine {

struct Change {
    kernel::Observation const* before = nullptr; // nullptr = the daemon just started
    kernel::Observation const& now;
    repository::Catalogue const& catalogue;
    std::string_view boot_id;
    std::string_view in_flight; // the patch an operation of ours works on right now; "" = none
    // Patches that were not enabled yet a moment ago: one of them may have replaced what is gone
    // now. Several looks, because one look reads one patch after the other.
    std::set<std::string, std::less<>> const& fresh;
    Time time;
};

struct Settled {
    bool changed = false; // the state has to be saved
    std::vector<report::Event> events;
};

// What somebody else disabled or unloaded gets a hold: an admin's word stands, whichever tool he
// used (DESIGN §2.8). What a cumulative patch replaced does not.
//
// Both the digest that was loaded and the one that is offered under its name are held: otherwise
// the next build would be loaded at once in the place of what was just taken out.
Settled settle(State& state, Change const& change);

} // namespace livepatch::engine
