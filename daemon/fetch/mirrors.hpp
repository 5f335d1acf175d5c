// The directory of all mirrors.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace livepatch::fetch {

// The mirrors of sources that have no file in `sources` (repos.d) any more go; returns their names.
base::Result<std::vector<std::string>>
remove_orphans(std::filesystem::path const& mirrors, std::filesystem::path const& sources);

} // namespace livepatch::fetch
