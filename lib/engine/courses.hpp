// What became of each operation so far: who is behind it, how long it took, what held it up. The
// events that tell of it tell that too.
#pragma once

#include "base/clock.hpp"
#include "engine/action_runner.hpp"
#include "engine/plan.hpp"
#include "engine/world.hpp"
#include "report/event.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::engine {

class Courses {
public:
    static constexpr std::size_t most_blockers = 10;

    explicit Courses(base::Clock& clock) : clock_(clock) {}

    // A step begins; `request`: the one it is for, nullptr = none. What is unloaded without a
    // request is still the course of whoever had it disabled.
    void begin(Action const& action, Request const* request);
    void finish(ActionRunner::Outcome const& outcome);

    // The transition of this patch waits for these, a line each.
    void blocked(std::string const& patch, std::vector<std::string> const& blockers);

    // These have been told: what is over is forgotten, and what others did is theirs to the end.
    void settle(std::vector<report::Event> const& events);

    // Adds what the course of `patch` tells, unless the event says itself who asked for it.
    void complete(report::Event& event, std::string const& patch) const;

private:
    struct Course {
        report::Trigger trigger = report::Trigger::daemon;
        report::Caller caller = {};
        std::string reason = {};
        report::Durations durations = {};
        std::optional<base::Clock::Monotonic> moving_since = {};
        std::vector<std::string> blockers = {};
    };

    base::Clock& clock_;
    std::map<std::string, Course> courses_; // by module name
};

} // namespace livepatch::engine
