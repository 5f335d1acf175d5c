// Whose process this is.
#pragma once

#include "base/result.hpp"

#include <filesystem>

namespace livepatch::fetch {

// Root goes on as the user `livepatch`, to whom the directory of the mirrors belongs then;
// everybody else as he is. not_found: there is no such user.
base::Result<void> leave_root(std::filesystem::path const& mirrors);

} // namespace livepatch::fetch
