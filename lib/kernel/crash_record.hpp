// What a machine's own memory has kept of a crash (pstore), or systemd-pstore has moved to the
// disk.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace livepatch::kernel {

// What a crash said, the lines of one report, by the module on which it puts the blame.
using Blame = std::map<std::string, std::vector<std::string>, std::less<>>;

// Of the records that were written at `since` or later. Looks for files dmesg-* and dmesg.txt in
// the directories and two levels below them (fs/pstore/platform.c; systemd-pstore.service(8)). What
// cannot be read is not there.
Blame blame_for_crash(
    std::vector<std::filesystem::path> const& directories,
    std::chrono::system_clock::time_point since
);

} // namespace livepatch::kernel
