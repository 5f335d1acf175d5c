#include "lpctl/wording.hpp"

#include "lpctl/check_status.hpp"
#include "lpctl/duration.hpp"

namespace livepatch::lpctl {

using report::Disposition;

std::string tasks_text(std::uint32_t count) {
    return std::to_string(count) + (count == 1 ? " task remaining" : " tasks remaining");
}

std::string state_text(report::PatchReport const& patch, bool tasks_known, Wall now) {
    std::string text(base::name(patch.state));
    if (!patch.transition)
        return text;
    // None is what the daemon says before its first look; also idle tasks, which nobody can see,
    // may be all that is left.
    if (tasks_known && patch.transition->tasks_remaining > 0)
        text += ", " + tasks_text(patch.transition->tasks_remaining);
    if (auto const since = patch.transition->since; since != report::Time() && since <= now)
        text += ", " + whole_seconds(std::chrono::floor<std::chrono::milliseconds>(now - since));
    return text;
}

Tone state_tone(report::PatchReport const& patch) {
    if (base::in_transition(patch.state))
        return Tone::moving;
    switch (patch.disposition) {
    case Disposition::quarantined:
    case Disposition::withdrawn:
    case Disposition::rejected:
        return Tone::bad;
    default:
        break;
    }
    if (patch.state == base::PatchState::enabled)
        return Tone::good;
    return waits_to_be_applied(patch) ? Tone::moving : Tone::faint;
}

} // namespace livepatch::lpctl
