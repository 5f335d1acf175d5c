// A file that is always whole: the old content or the new one, also after a power cut.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string_view>

namespace livepatch::base {

enum class Durability {
    until_reboot, // no fsync: for /run
    power_cut,    // fsync of file and directory: on return the content is on the disk
};

// Writes a temporary file beside `path` and renames it over it. On an error the old content stands
// and no temporary file is left.
Result<void> replace_file(
    std::filesystem::path const& path, std::string_view content, mode_t mode, Durability durability
);

} // namespace livepatch::base
