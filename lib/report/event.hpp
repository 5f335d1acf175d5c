// Something that happened, as one value: history, journal and the D-Bus signal all get this.
#pragma once

#include "base/result.hpp"
#include "report/report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
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
    withdrawn,        // its publisher took back what is loaded
    source_failed,    // a source cannot be believed, or not be read; what is loaded stays
    source_recovered, // it can be again
    trust_reset,      // what was accepted of a repository is forgotten, its root believed anew
};

inline constexpr auto last_event_kind = EventKind::trust_reset; // tables are checked by it

enum class Outcome {
    begun,   // its end is an event of its own
    done,    // as it was meant to be
    failed,  // it was tried
    refused, // it was not
    noticed, // somebody else's doing
};

enum class Trigger {
    daemon,     // by itself
    request,    // somebody asked for it
    other_tool, // without us
};

std::span<EventKind const> event_kinds(); // all of them
std::string_view name(EventKind kind);
std::string_view name(Outcome outcome);
std::string_view name(Trigger trigger);
Outcome outcome(EventKind kind);

// The value a word stands for; nothing for any other word.
std::optional<EventKind> event_kind(std::string_view word);
std::optional<Trigger> trigger(std::string_view word);

// Who asked; empty where nobody did, or where he is not known any more.
struct Caller {
    std::optional<std::uint32_t> uid = {};
    std::string sender = {}; // his unique bus name
    std::string unit = {};   // systemd's service or scope that he is in

    bool operator==(Caller const&) const = default;
};

// How long the stages of an operation took that are over; 0 = not known.
struct Durations {
    std::chrono::microseconds verify{0};
    std::chrono::microseconds load{0}; // the call of the kernel: a load, or a write to `enabled`
    std::chrono::microseconds transition{0};

    bool operator==(Durations const&) const = default;
};

struct Event {
    EventKind kind = EventKind::loaded;
    Time time;
    std::string patch;                        // module name, or the file's where there is no module
    std::string id;                           // "" = not known
    std::string sha256;                       // "" = not known
    std::string message;                      // one sentence for people
    std::vector<std::string> kernel_log = {}; // the kernel's own lines about it
    // Of the patch; "" = not known.
    std::string version = {};
    std::string signer = {};
    std::string source = {};
    Trigger trigger = Trigger::daemon;
    Caller caller = {};      // with Trigger::request
    std::string reason = {}; // that he gave
    Durations durations = {};
    std::vector<std::string> blockers = {}; // tasks its transition waited for, a line each
    std::string boot_id = {};
    std::string kernel_release = {};

    bool operator==(Event const&) const = default;
};

// The form of `lpctl history` and `lpctl monitor`. Null: an unknown uid or duration.
nlohmann::ordered_json to_json(Event const& event);

} // namespace livepatch::report
