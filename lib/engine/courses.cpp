#include "engine/courses.hpp"

#include <algorithm>

namespace livepatch::engine {

namespace {

using report::EventKind;

bool ends_transition(EventKind kind) {
    return kind == EventKind::enabled || kind == EventKind::disabled;
}

} // namespace

void Courses::begin(Action const& action, Request const* request) {
    if (request == nullptr && action.kind == Action::Kind::remove)
        return;
    auto& course = courses_[action.name] = {};
    if (request == nullptr)
        return;
    course.trigger = report::Trigger::request;
    course.caller = request->caller;
    course.reason = request->reason;
}

void Courses::finish(ActionRunner::Outcome const& outcome) {
    auto const found = courses_.find(outcome.action.name);
    if (found == courses_.end() || outcome.action.kind == Action::Kind::remove)
        return;
    auto& course = found->second;
    course.durations = outcome.durations;
    if (!outcome.error && outcome.tried)
        course.moving_since = clock_.now();
}

void Courses::blocked(std::string const& patch, std::vector<std::string> const& blockers) {
    auto const found = courses_.find(patch);
    if (found == courses_.end())
        return;
    auto& seen = found->second.blockers;
    for (auto const& blocker : blockers)
        if (seen.size() < most_blockers &&
            std::find(seen.begin(), seen.end(), blocker) == seen.end())
            seen.push_back(blocker);
}

void Courses::settle(std::vector<report::Event> const& events) {
    for (auto const& event : events) {
        if (event.kind == EventKind::enabled || event.kind == EventKind::removed)
            courses_.erase(event.patch);
        else if (event.kind == EventKind::foreign_change)
            courses_[event.patch] = {.trigger = report::Trigger::other_tool};
    }
}

void Courses::complete(report::Event& event, std::string const& patch) const {
    auto const found = courses_.find(patch);
    if (found == courses_.end() || event.trigger != report::Trigger::daemon)
        return;
    auto const& course = found->second;
    event.trigger = course.trigger;
    event.caller = course.caller;
    event.reason = course.reason;
    if (event.kind == EventKind::replaced)
        return; // the rest is about the patch that came in its place
    event.durations = course.durations;
    event.blockers = course.blockers;
    if (course.moving_since && ends_transition(event.kind))
        event.durations.transition =
            std::chrono::ceil<std::chrono::microseconds>(clock_.now() - *course.moving_since);
}

} // namespace livepatch::engine
