#include "report/event.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstddef>

namespace livepatch::report {

std::string_view name(EventKind kind) {
    static constexpr std::array<std::string_view, 22> words{
        "loaded",
        "enabled",
        "disabling",
        "disabled",
        "removed",
        "replaced",
        "load-failed",
        "rejected",
        "held",
        "unheld",
        "paused",
        "resumed",
        "foreign-change",
        "operation-failed",
        "stalled",
        "reversed",
        "proved",
        "harmful",
        "harm-elsewhere",
        "crashed",
        "quarantined",
        "boot-loop"};
    return words.at(static_cast<std::size_t>(kind));
}

nlohmann::ordered_json to_json(Event const& event) {
    return {
        {"time", base::rfc3339(event.time)},
        {"event", name(event.kind)},
        {"patch", event.patch},
        {"id", event.id},
        {"sha256", event.sha256},
        {"message", event.message},
        {"kernel_log", event.kernel_log},
    };
}

} // namespace livepatch::report
