#include "rules.hpp"

namespace livepatch::daemon {

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
