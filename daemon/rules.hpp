// What the configuration says, as the engine wants it.
#pragma once

#include "configuration.hpp"
#include "engine/policy.hpp"
#include "engine/probation.hpp"
#include "engine/stall_ladder.hpp"
#include "history/database.hpp"

namespace livepatch::daemon {

history::Retention rules_of(Configuration::History const& history);
engine::Policy rules_of(Configuration::Apply const& apply);
engine::TransitionRules rules_of(Configuration::Transition const& transition);
engine::ProbationRules rules_of(Configuration::Probation const& probation);

} // namespace livepatch::daemon
