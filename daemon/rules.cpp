#include "rules.hpp"

namespace livepatch::daemon {

history::Retention rules_of(Configuration::History const& history) {
    return {.keep = history.keep, .max_size = history.max_size};
}

engine::Policy rules_of(Configuration::Apply const& apply) {
    engine::Policy policy{.minimum_severity = apply.minimum_severity, .delay = apply.delay};
    for (auto const& text : apply.window)
        if (auto const window = engine::TimeWindow::parse(text)) // the reader has seen to it
            policy.windows.push_back(*window);
    return policy;
}

engine::TransitionRules rules_of(Configuration::Transition const& transition) {
    return {
        .stall_after = transition.stall_after,
        .reverse_after = transition.reverse_after,
        .retries = transition.retries,
        .backoff = transition.backoff};
}

engine::ProbationRules rules_of(Configuration::Probation const& probation) {
    return {
        .time = probation.time,
        .revert_on = {probation.revert_on.begin(), probation.revert_on.end()}};
}

} // namespace livepatch::daemon
