// Other programs that load livepatches by themselves on this host. Two that do not know of each
// other can undo each other's work.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::daemon {

// In words, those that systemd starts at boot: their units are enabled below `directory`
// (/etc/systemd/system).
std::vector<std::string> other_managers(std::filesystem::path const& directory);

} // namespace livepatch::daemon
