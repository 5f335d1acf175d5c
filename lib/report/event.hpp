// Something that happened, as one value: history, journal and the D-Bus signal all get this.
#pragma once

#include "base/result.hpp"
#include "report/report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::report {

enum class EventKind {
    loaded,           // the kernel accepted the module; its transition runs
    enabled,          // the transition to patched ended
    disabling,        // a transition back began
    disabled,         // no code of it is in use any more
    removed,          // the module is unloaded
    replaced,         // a cumulative patch took its place
    load_failed,      // the kernel refused the module
    rejected,         // a file in a source cannot be used
    held,             // it will not be loaded by itself any more
    unheld,           // it may be again
    paused,           // nothing is loaded any more
    resumed,          // it is again
    foreign_change,   // somebody else loaded, disabled or removed it
    operation_failed, // any other operation that did not succeed
    stalled,          // its transition does not end; who holds it up is said
    reversed,         // so it was turned round
    proved,           // it came through its probation
    harmful,          // the kernel complained of its code; it is taken out
    harm_elsewhere,   // the kernel complained of something else while it was on probation
    crashed,          // the machine went down while it was on probation
    quarantined,      // it is not loaded any more
    boot_loop,        // the machine went down too often: nothing is loaded by itself any more
};

std::string_view name(EventKind kind);

struct Event {
    EventKind kind = EventKind::loaded;
    Time time;
    std::string patch;   // module name, or the file's where there is no module
    std::string id;      // "" = not known
    std::string sha256;  // "" = not known
    std::string message; // one sentence for people
    std::vector<std::string> kernel_log = {};
};

nlohmann::ordered_json to_json(Event const& event);

} // namespace livepatch::report
