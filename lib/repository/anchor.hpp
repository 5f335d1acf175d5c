// What a repository is believed by: root.json, as an administrator installed it.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/document.hpp"

#include <filesystem>

namespace livepatch::repository {

// unreachable: it cannot be read. Whether it is one is for tuf::Client to say.
base::Result<trust::tuf::Document> read_anchor(std::filesystem::path const& path);

} // namespace livepatch::repository
