// What root.json says: which keys speak for which role.
#pragma once

#include "publish/listed_key.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace livepatch::publish {

struct RoleKeys {
    std::vector<ListedKey> keys;
    std::size_t threshold = 1;
};

// Without version and expiry. The online keys sign snapshot and timestamp.
nlohmann::json new_root(RoleKeys const& root, RoleKeys const& targets, RoleKeys const& online);

// `role`: root, targets or "online", which stands for snapshot and timestamp. Keys that no role has
// any more are taken out.
void set_keys(nlohmann::json& root_content, std::string const& role, RoleKeys const& keys);

// "online" as the roles it stands for; any other as it is.
std::vector<std::string> roles_of(std::string const& role);

} // namespace livepatch::publish
