// Names in a directory, and that they last.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::base {

// The names in a directory without "." and "..", sorted by byte, at most `limit` of them (more is
// an error). Entries that vanish meanwhile are no error; os_error tells ENOENT and the like.
Result<std::vector<std::string>>
list_directory(std::filesystem::path const& path, std::size_t limit = 1U << 20U);

// The same for a directory that is open already, from its start; `subject` names it in errors.
Result<std::vector<std::string>>
list_directory(int directory, std::string const& subject, std::size_t limit = 1U << 20U);

// With those above it, of mode 0755; on return they stay so over a power cut. One that is there
// already keeps its mode.
Result<void> make_directories(std::filesystem::path const& path, mode_t mode = 0755);

// A file or a link; that there is none is no error.
Result<void> remove_file(std::filesystem::path const& path);

// On return, what was made, renamed or removed in it stays so over a power cut.
Result<void> sync_directory(std::filesystem::path const& path);

} // namespace livepatch::base
