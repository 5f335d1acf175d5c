#include "lpctl/check.hpp"

#include "lpctl/failure.hpp"

#include <algorithm>

namespace livepatch::lpctl {

bool waits_to_be_applied(report::PatchReport const& patch) {
    bool const offered = patch.disposition == report::Disposition::available ||
                         patch.disposition == report::Disposition::scheduled;
    bool const loaded =
        patch.state == base::PatchState::enabled || base::in_transition(patch.state);
    return offered && !loaded;
}

int check_status(View const& view, Check check) {
    auto const& report = view.report;
    if (check == Check::nothing)
        return exit_status::done;
    if (report.health == report::Health::unsupported)
        return exit_status::unsupported;
    if (report.health == report::Health::degraded)
        return exit_status::failed;
    if (check == Check::health)
        return exit_status::done;
    if (view.transition() != nullptr)
        return exit_status::in_transition;
    bool const waits = std::ranges::any_of(report.patches, waits_to_be_applied);
    return waits ? exit_status::patch_waits : exit_status::done;
}

} // namespace livepatch::lpctl
