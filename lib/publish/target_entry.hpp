// A file of the repository, as targets roles list it.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace livepatch::publish {

// Length and sha256.
nlohmann::json describe(std::string_view bytes);

// The path below targets/: DIRECTORY/SHA256.NAME.
std::string stored_path(std::string const& path, std::string const& sha256);

} // namespace livepatch::publish
