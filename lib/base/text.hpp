// Small things about text that several layers need.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::base {

// The text with everything a terminal or a log could take for a command made visible: control
// characters and bytes that are not valid UTF-8 become \xNN. Also C1 controls and the Unicode
// direction marks.
std::string escaped(std::string_view text);

std::string_view trimmed(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);

std::string hex(std::span<std::byte const> bytes);

// RFC 3339 in UTC with a "Z", to the second; "" for the epoch, which stands for "unknown".
std::string rfc3339(std::chrono::system_clock::time_point time);

// The same of any year: a system_clock's nanoseconds go from 1677 to 2262 only.
std::string rfc3339(std::chrono::sys_seconds time);

} // namespace livepatch::base
