#include "history/overlooked.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

namespace livepatch::history {

namespace {

using base::PatchState;
using report::EventKind;

// By the newest that it tells of where a patch is; nothing when that says nothing of it.
std::optional<bool> is_in(EventKind kind) {
    switch (kind) {
    case EventKind::loaded:
    case EventKind::enabled:
    case EventKind::disabling:
    case EventKind::disabled:
        return true;
    case EventKind::removed:
    case EventKind::replaced:
        return false;
    default:
        return std::nullopt;
    }
}

report::PatchReport const* find(report::Report const& report, std::string_view name) {
    auto const found =
        std::find_if(report.patches.begin(), report.patches.end(), [&](auto const& patch) {
            return patch.name == name;
        });
    return found == report.patches.end() ? nullptr : &*found;
}

std::optional<EventKind>
what_followed(report::Event const& last, report::PatchReport const* patch) {
    bool const absent = patch == nullptr || patch->state == PatchState::absent;
    if (absent)
        return is_in(last.kind) == true ? std::optional(EventKind::removed) : std::nullopt;
    bool const enabled =
        patch->state == PatchState::enabled && patch->disposition == report::Disposition::managed;
    return enabled && last.kind != EventKind::enabled ? std::optional(EventKind::enabled)
                                                      : std::nullopt;
}

} // namespace

std::vector<report::Event> overlooked(
    std::span<report::Event const> newest_first,
    report::Report const& report,
    std::string const& boot_id,
    report::Time now
) {
    std::set<std::string_view> known;
    std::vector<report::Event> events;
    for (auto const& last : newest_first) {
        bool const elsewhere = last.kind == EventKind::foreign_change; // told by that already
        if (last.boot_id != boot_id || (!is_in(last.kind) && !elsewhere) ||
            !known.insert(last.patch).second || elsewhere)
            continue;
        auto const* patch = find(report, last.patch);
        auto const kind = what_followed(last, patch);
        if (!kind)
            continue;
        auto event = last;
        event.kind = *kind;
        event.time = now;
        event.message = last.patch + ": " +
                        (*kind == EventKind::removed ? "not loaded any more"
                                                     : "every task runs the patched code") +
                        "; nobody was there to record when that came about";
        event.kernel_log.clear();
        event.trigger = report::Trigger::daemon;
        event.caller = {};
        event.reason.clear();
        event.durations = {};
        event.blockers.clear();
        events.push_back(std::move(event));
    }
    return events;
}

} // namespace livepatch::history
