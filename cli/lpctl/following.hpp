// Waits for patches to get where they were asked to go.
#pragma once

#include "dbus_client/daemon.hpp"
#include "kernel/livepatch_tree.hpp"
#include "lpctl/context.hpp"
#include "lpctl/failure.hpp"
#include "lpctl/follower.hpp"
#include "lpctl/progress.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace livepatch::lpctl {

enum class Ending { settled, timed_out, interrupted };

// Returns when each has a verdict, or the time is over (nothing = no limit), or on a signal. The
// states are the kernel's; the daemon only adds the number of tasks, and may die meanwhile.
Outcome<Ending> follow(
    Context const& context,
    kernel::LivepatchTree& tree,
    dbus_client::Daemon& daemon,
    Progress& progress,
    std::vector<Follower>& patches,
    std::optional<std::chrono::milliseconds> limit
);

base::PatchState state_in(kernel::Observation const& observation, std::string_view name);

} // namespace livepatch::lpctl
