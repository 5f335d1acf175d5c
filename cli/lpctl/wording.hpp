// A patch in words, the same in every verb.
#pragma once

#include "lpctl/overlay.hpp"
#include "lpctl/terminal.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace livepatch::lpctl {

using Wall = std::chrono::system_clock::time_point;

// "3 tasks remaining"
std::string tasks_text(std::uint32_t count);

// "enabled", "enabling, 3 tasks remaining, 12 s": the state with what there is to say about its
// transition. `tasks_known` as in View.
std::string state_text(report::PatchReport const& patch, bool tasks_known, Wall now);

Tone state_tone(report::PatchReport const& patch);

} // namespace livepatch::lpctl
