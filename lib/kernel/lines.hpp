// Files of the kernel with a hundred thousand lines, read one line after the other.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

namespace livepatch::kernel {

// A line that is longer is told cut off. The kernel's longest names have 511 characters.
inline constexpr std::size_t longest_line = 4096;

// Calls `take` with each line, without its newline, as long as it says true. The memory that it
// needs does not depend on the file.
base::Result<void> for_each_line(
    std::filesystem::path const& path, std::function<bool(std::string_view line)> const& take
);

} // namespace livepatch::kernel
