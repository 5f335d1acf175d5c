// What the configuration says, as the engine wants it.
#pragma once

#include "configuration.hpp"
#include "engine/policy.hpp"
#include "engine/probation.hpp"
#include "engine/stall_ladder.hpp"

namespace livepatch::daemon {

engine::Policy rules_of(Configuration::Apply const& apply);
engine::TransitionRules rules_of(Configuration::Transition const& transition);
engine::ProbationRules rules_of(Configuration::Probation const& probation);

} // namespace livepatch::daemon
