#include "lpctl/check_status.hpp"

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

namespace {

// A source without signatures is what its owner wanted; whatever else is wrong is not hidden by it.
bool is_degraded(report::Report const& report) {
    using report::Health;
    bool const other = std::ranges::any_of(report.health_reasons, [](auto const& reason) {
        return !reason.starts_with("insecure:");
    });
    return report.health == Health::degraded || (report.health == Health::insecure && other);
}

} // namespace

int check_status(View const& view, Check check) {
    auto const& report = view.report;
    if (check == Check::nothing)
        return exit_status::done;
    if (report.health == report::Health::unsupported)
        return exit_status::unsupported;
    if (is_degraded(report))
        return exit_status::failed;
    if (check == Check::health)
        return exit_status::done;
    if (view.transition() != nullptr)
        return exit_status::in_transition;
    bool const waits = std::ranges::any_of(report.patches, waits_to_be_applied);
    return waits ? exit_status::patch_waits : exit_status::done;
}

} // namespace livepatch::lpctl
