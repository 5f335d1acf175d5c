// The Report of a moment: pure.
#pragma once

#include "engine/judgement.hpp"
#include "kernel/identity.hpp"
#include "report/report.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace livepatch::engine {

// What the engine knows beside the world.
struct Circumstances {
    kernel::Identity const& kernel;
    report::Stage stage = report::Stage::idle;
    std::vector<std::string> const&
        warnings;          // what an admin should know: state not persistent and the like
    Time transition_since; // of the one transition; Time() = it is older than the daemon
    std::uint32_t tasks_remaining = 0;
};

report::Report compose_report(
    World const& world, std::vector<Judgement> const& judgements, Circumstances const& now
);

} // namespace livepatch::engine
