#include "report/event.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace livepatch::report {

namespace {

struct Row {
    EventKind kind;
    std::string_view word;
    Outcome outcome;
};

// In the order of the enumeration.
constexpr std::array table{
    Row{EventKind::loaded, "loaded", Outcome::begun},
    Row{EventKind::enabled, "enabled", Outcome::done},
    Row{EventKind::disabling, "disabling", Outcome::begun},
    Row{EventKind::disabled, "disabled", Outcome::done},
    Row{EventKind::removed, "removed", Outcome::done},
    Row{EventKind::replaced, "replaced", Outcome::done},
    Row{EventKind::load_failed, "load-failed", Outcome::failed},
    Row{EventKind::rejected, "rejected", Outcome::refused},
    Row{EventKind::held, "held", Outcome::done},
    Row{EventKind::unheld, "unheld", Outcome::done},
    Row{EventKind::paused, "paused", Outcome::done},
    Row{EventKind::resumed, "resumed", Outcome::done},
    Row{EventKind::foreign_change, "foreign-change", Outcome::noticed},
    Row{EventKind::operation_failed, "operation-failed", Outcome::failed},
    Row{EventKind::stalled, "stalled", Outcome::noticed},
    Row{EventKind::reversed, "reversed", Outcome::begun},
    Row{EventKind::proved, "proved", Outcome::done},
    Row{EventKind::harmful, "harmful", Outcome::noticed},
    Row{EventKind::harm_elsewhere, "harm-elsewhere", Outcome::noticed},
    Row{EventKind::crashed, "crashed", Outcome::noticed},
    Row{EventKind::quarantined, "quarantined", Outcome::done},
    Row{EventKind::boot_loop, "boot-loop", Outcome::done},
    Row{EventKind::withdrawn, "withdrawn", Outcome::noticed},
    Row{EventKind::source_failed, "source-failed", Outcome::noticed},
    Row{EventKind::source_recovered, "source-recovered", Outcome::noticed},
    Row{EventKind::trust_reset, "trust-reset", Outcome::done},
};

static_assert(table.size() == static_cast<std::size_t>(last_event_kind) + 1);

constexpr std::array<std::string_view, 5> outcomes{"begun", "done", "failed", "refused", "noticed"};
constexpr std::array<std::string_view, 3> triggers{"daemon", "request", "other-tool"};

constexpr auto kinds = [] {
    std::array<EventKind, table.size()> all{};
    for (std::size_t i = 0; i < table.size(); ++i)
        all[i] = table[i].kind;
    return all;
}();

Row const& row(EventKind kind) {
    return table.at(static_cast<std::size_t>(kind));
}

// Rounded up, so that what was measured is never shown as nothing.
nlohmann::ordered_json milliseconds(std::chrono::microseconds duration) {
    if (duration.count() == 0)
        return nullptr;
    return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

} // namespace

std::span<EventKind const> event_kinds() {
    return kinds;
}

std::string_view name(EventKind kind) {
    return row(kind).word;
}

std::string_view name(Outcome outcome) {
    return outcomes.at(static_cast<std::size_t>(outcome));
}

std::string_view name(Trigger trigger) {
    return triggers.at(static_cast<std::size_t>(trigger));
}

Outcome outcome(EventKind kind) {
    return row(kind).outcome;
}

std::optional<EventKind> event_kind(std::string_view word) {
    auto const* const found =
        std::find_if(table.begin(), table.end(), [&](Row const& row) { return row.word == word; });
    return found == table.end() ? std::nullopt : std::optional(found->kind);
}

std::optional<Trigger> trigger(std::string_view word) {
    auto const* const found = std::find(triggers.begin(), triggers.end(), word);
    if (found == triggers.end())
        return std::nullopt;
    return static_cast<Trigger>(found - triggers.begin());
}

nlohmann::ordered_json to_json(Event const& event) {
    nlohmann::ordered_json uid = nullptr;
    if (event.caller.uid)
        uid = *event.caller.uid;
    return {
        {"time", base::rfc3339(event.time)},
        {"event", name(event.kind)},
        {"outcome", name(outcome(event.kind))},
        {"patch", event.patch},
        {"id", event.id},
        {"version", event.version},
        {"sha256", event.sha256},
        {"signer", event.signer},
        {"source", event.source},
        {"trigger", name(event.trigger)},
        {"uid", std::move(uid)},
        {"sender", event.caller.sender},
        {"unit", event.caller.unit},
        {"reason", event.reason},
        {"message", event.message},
        {"verify_ms", milliseconds(event.durations.verify)},
        {"load_ms", milliseconds(event.durations.load)},
        {"transition_ms", milliseconds(event.durations.transition)},
        {"blockers", event.blockers},
        {"kernel_log", event.kernel_log},
        {"kernel", event.kernel_release},
        {"boot_id", event.boot_id},
    };
}

} // namespace livepatch::report
