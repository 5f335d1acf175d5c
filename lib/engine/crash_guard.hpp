// Judges the boots before this one: a patch that brought the machine down is not loaded again.
// Pure.
#pragma once

#include "engine/state.hpp"
#include "kernel/crash_record.hpp"
#include "kernel/identity.hpp"
#include "report/event.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::engine {

// So many boots in a row that ended unclean with a patch on probation are not chance.
constexpr unsigned most_unclean_boots = 3;

// What is left of the boots before this one.
struct Aftermath {
    std::string boot_id;    // the present one's
    std::string machine_id; // the present one's
    std::string
        clean_boot; // the last one that ended as it should, as it recorded itself; "" = none
    // What a crash said of modules, where the machine's own memory has kept it (pstore): better
    // than any guess.
    kernel::Blame blamed = {};
    Time time;
};

struct Judged {
    bool changed = false; // the state has to be saved
    std::vector<report::Event> events;
};

// An attempt that was not proved when its boot ended, and whose boot did not record its end, may
// have brought the machine down: of those the newest that never came through a probation before is
// quarantined, or the one that the crash itself names. Nothing else is: what was good once goes in
// again. Once a boot; what a boot of another machine left behind (a cloned disk) counts for
// nothing.
Judged judge_last_boots(State& state, Aftermath const& aftermath);

// Which vmlinux a verdict is for: its build-id, or where the kernel shows none, all that names it.
std::string kernel_of(kernel::Identity const& identity);

} // namespace livepatch::engine
