// The words of the reports: each enumeration is a lower-case string on D-Bus and in JSON, never
// reused for another meaning.
#pragma once

#include <optional>
#include <string_view>

namespace livepatch::report {

// What livepatchd makes of a patch: the first that holds.
enum class Disposition {
    unmanaged,   // loaded by somebody else; shown and left alone
    quarantined, // did harm or stalled too often; not loaded any more
    withdrawn,   // its publisher took it back
    held,        // an admin reverted or held it
    rejected,    // cannot be loaded here; the reason says why
    replaced,    // a cumulative patch has taken its place
    managed,     // loaded by us
    scheduled,   // will be loaded by itself
    available,   // could be loaded on request
};

enum class Health {
    ok,          // as wanted
    pending,     // something is under way or waits
    degraded,    // something needs an admin; the reasons say what
    insecure,    // unsigned patches are allowed or loaded
    unsupported, // this kernel cannot be livepatched
};

enum class Mode { automatic, manual };

// What the daemon is doing right now.
enum class Stage { idle, refreshing, verifying, loading, transitioning };

enum class Probation { none, running, passed, failed };

enum class Replace { no, yes, unknown };

std::string_view name(Disposition value);
std::string_view name(Health value);
std::string_view name(Mode value);
std::string_view name(Stage value);
std::string_view name(Probation value);
std::string_view name(Replace value);

// The value a word stands for; nothing for any other word.
template <class Enum>
std::optional<Enum> from_name(std::string_view word);

} // namespace livepatch::report
