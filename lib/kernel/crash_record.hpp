// What a machine's own memory has kept of a crash (pstore), or systemd-pstore has moved to the
// disk.
#pragma once

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace livepatch::kernel {

// The modules on which the reports in the records put the blame, of those that were written at
// `since` or later. Looks for files dmesg-* and dmesg.txt in the directories and two levels below
// them (fs/pstore/platform.c; systemd-pstore.service(8)). What cannot be read is not there.
std::set<std::string, std::less<>> modules_blamed_for_crash(
    std::vector<std::filesystem::path> const& directories,
    std::chrono::system_clock::time_point since
);

} // namespace livepatch::kernel
