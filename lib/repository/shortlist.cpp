#include "repository/shortlist.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace livepatch::repository {

namespace {

using Ids = std::unordered_set<std::string_view>;

// What the host may load by itself, whatever else there is.
std::vector<PatchEntry const*> eligible(
    KernelCatalogue const& catalogue, BrakeList const& brakes, RolloutHost const& host, Time now
) {
    std::vector<PatchEntry const*> eligible;
    for (auto const& patch : catalogue.patches) {
        if (taken_back(patch, brakes))
            continue;
        auto const plan = plan_of(patch, host);
        if (!plan.is_paused() && plan.reaches(now))
            eligible.push_back(&patch);
    }
    return eligible;
}

} // namespace

RolloutPlan plan_of(PatchEntry const& patch, RolloutHost const& host) {
    RolloutPlan plan;
    if (patch.rollout) {
        auto const place = host.machine_id.empty()
                               ? UINT64_MAX
                               : rollout_place(host.machine_id, host.repository, patch.id);
        plan = RolloutPlan(*patch.rollout, host.ring, place);
    }
    if (patch.published)
        plan.not_before(*patch.published);
    return plan;
}

std::optional<Withdrawal> taken_back(PatchEntry const& patch, BrakeList const& brakes) {
    if (patch.withdrawn)
        return patch.withdrawn;
    auto const brake = brakes.find(patch.module.sha256);
    if (brake == brakes.end())
        return std::nullopt;
    // Who holds that key can only stop.
    return Withdrawal{.reason = "brake: " + brake->second, .revert = false};
}

base::Error taken_back_error(std::string const& subject, Withdrawal const& withdrawal) {
    auto const why = withdrawal.reason.empty() ? std::string() : ": " + withdrawal.reason;
    return {
        .code = base::Errc::withdrawn,
        .subject = subject,
        .cause = "its publisher took it back" + why,
        .remedy = {}};
}

// From the newest on: by then all are known that could take its place, or need it.
std::vector<PatchEntry const*> needed_now(
    KernelCatalogue const& catalogue, BrakeList const& brakes, RolloutHost const& host, Time now
) {
    auto const candidates = eligible(catalogue, brakes, host, now);
    std::vector<PatchEntry const*> needed;
    Ids superseded;
    Ids required;
    bool below_cumulative = false;
    for (auto it = candidates.rbegin(); it != candidates.rend(); ++it) {
        auto const& patch = **it;
        bool const is_out = below_cumulative || superseded.contains(patch.id);
        if (is_out && !required.contains(patch.id))
            continue;
        needed.push_back(&patch);
        superseded.insert(patch.supersedes.begin(), patch.supersedes.end());
        required.insert(patch.needs.begin(), patch.needs.end());
        below_cumulative = below_cumulative || patch.replace == true;
    }
    return {needed.rbegin(), needed.rend()};
}

// In between nothing is needed that is not at one of the ends, unless it was reached and superseded
// within that time.
std::vector<PatchEntry const*> needed_until(
    KernelCatalogue const& catalogue,
    BrakeList const& brakes,
    RolloutHost const& host,
    Time from,
    Time until
) {
    auto needed = needed_now(catalogue, brakes, host, from);
    for (auto const* patch : needed_now(catalogue, brakes, host, until))
        if (std::find(needed.begin(), needed.end(), patch) == needed.end())
            needed.push_back(patch);
    return needed;
}

} // namespace livepatch::repository
