// Points in time as people write and read them.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace livepatch::lpctl {

// "2h" (ago), "2026-11-26", "2026-11-26 19:04[:30]" in local time, with a "T" for the space too and
// in UTC with a "Z" at the end, "today", "yesterday", "@SECONDS" since 1970.
base::Result<std::chrono::system_clock::time_point>
parse_moment(std::string_view text, std::chrono::system_clock::time_point now);

// "2026-11-26 19:04:30" in local time; "" for unknown.
std::string moment_text(std::chrono::system_clock::time_point time);

} // namespace livepatch::lpctl
