// "90s", "5min", "12h", "7d" and "64M", as the configuration and the command line write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace livepatch::base {

// Units s, min, h, d; "0s" switches a step off. Nothing for anything else, or for more than a
// hundred years.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

// Bytes; units K, M, G of 1024.
std::optional<std::int64_t> parse_size(std::string_view text);

} // namespace livepatch::base
