// The kernels that this host may boot.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::repository {

// The releases of the directories in `modules` (/lib/modules), and the running one: that first,
// then the newest.
std::vector<std::string>
installed_kernels(std::filesystem::path const& modules, std::string const& running);

} // namespace livepatch::repository
