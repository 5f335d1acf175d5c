// What of a catalogue concerns one host at one moment: pure. The daemon decides by it what to
// offer, and whoever mirrors a repository what to bring.
#pragma once

#include "repository/brake_list.hpp"
#include "repository/kernel_catalogue.hpp"
#include "repository/rollout.hpp"

#include <optional>
#include <string>
#include <vector>

namespace livepatch::repository {

// Who asks.
struct RolloutHost {
    std::string machine_id; // "" = none: as if it were the last of all hosts
    std::string repository; // the source's name
    std::string ring = "default";
};

RolloutPlan plan_of(PatchEntry const& patch, RolloutHost const& host);

// Why it is not to be loaded any more: withdrawn, or braked; nothing = it may be.
std::optional<Withdrawal> taken_back(PatchEntry const& patch, BrakeList const& brakes);

// The error of whoever wants it all the same.
base::Error taken_back_error(std::string const& subject, Withdrawal const& withdrawal);

// The patches whose modules the host may load by itself now, in stack order: reached by the rollout
// and not paused, not taken back, and not superseded by another one of them (by name, or because
// that is cumulative and comes later), with those among
// them that others require.
std::vector<PatchEntry const*> needed_now(
    KernelCatalogue const& catalogue, BrakeList const& brakes, RolloutHost const& host, Time now
);

// Those that are needed at `from`, and those that the rollouts that are known then bring by
// `until`: whoever comes by again at `until` has had all in time.
std::vector<PatchEntry const*> needed_until(
    KernelCatalogue const& catalogue,
    BrakeList const& brakes,
    RolloutHost const& host,
    Time from,
    Time until
);

} // namespace livepatch::repository
