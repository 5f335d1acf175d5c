// Durations and times as people write and read them.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace livepatch::lpctl {

// "90s", "5min", "12h", "7d" as in the configuration; a number alone counts seconds. At most ten
// years.
base::Result<std::chrono::seconds> parse_timeout(std::string_view text);

// "850 ms", "1.2 s", "12 s", "3 min 5 s", "2 h 10 min", "5 days".
std::string duration_text(std::chrono::milliseconds duration);

// The same to the second: "1 s".
std::string whole_seconds(std::chrono::milliseconds duration);

// Local time with how long ago that was: "2026-11-23 21:38 (3 h 2 min ago)"; "" for unknown.
std::string
since_text(std::chrono::system_clock::time_point time, std::chrono::system_clock::time_point now);

} // namespace livepatch::lpctl
