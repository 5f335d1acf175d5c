// Whether one patch is where it was asked to go, judged by what the kernel shows of it.
#pragma once

#include "base/patch_state.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace livepatch::lpctl {

enum class Goal { applied, reverted };

enum class Verdict {
    waiting,
    done,
    stays_loaded, // reverted: no code of it is in use, but its module cannot be unloaded
    failed,       // it goes the other way
};

// Pure: fed with what is seen and when.
class Follower {
public:
    using Time = std::chrono::steady_clock::time_point;

    // How long a daemon that has answered "accepted" may need until sysfs shows it.
    static constexpr std::chrono::seconds grace{5};
    // The daemon tries for two seconds to unload a module that has been disabled.
    static constexpr std::chrono::seconds unloading{3};

    // `queued`: the daemon has yet to begin with it, so that nothing may be seen for long.
    Follower(std::string name, Goal goal, Time start, bool queued);

    Verdict see(base::PatchState state, Time now);
    // The daemon says that nothing will come of it.
    void give_up();
    // The daemon is gone: what it had yet to begin with will not be begun.
    void give_up_if_queued();

    std::string const& name() const { return name_; }

    base::PatchState state() const { return state_; }

    Verdict verdict() const { return verdict_; }

    bool moved() const { return moved_; }

    std::chrono::milliseconds elapsed() const { return elapsed_; }

private:
    Verdict applying(Time now) const;
    Verdict reverting(Time now);
    bool may_still_begin(Time now) const;

    std::string name_;
    Goal goal_;
    Time start_;
    bool queued_;
    bool moved_ = false; // seen on the way to the goal
    std::optional<Time> disabled_since_ = {};
    base::PatchState state_ = base::PatchState::absent;
    Verdict verdict_ = Verdict::waiting;
    std::chrono::milliseconds elapsed_{0};
};

} // namespace livepatch::lpctl
