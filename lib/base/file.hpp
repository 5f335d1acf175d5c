// Reading and writing small files, bounded.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace livepatch::base {

// The whole content of a file, at most `limit` bytes; more is an error. Works for /proc and /sys,
// whose files have no size. os_error holds errno (ENOENT and the like) for callers that care.
Result<std::string> read_file(std::filesystem::path const& path, std::size_t limit = 64 * 1024);
Result<std::string> read_file(int fd, std::string subject, std::size_t limit);

Result<void> write_all(int fd, std::span<std::byte const> bytes, std::string_view subject);
Result<void> write_all(int fd, std::string_view text, std::string_view subject);

} // namespace livepatch::base
