#include "publish/root_content.hpp"

#include "publish/role_document.hpp"

#include <set>

namespace livepatch::publish {

namespace {

using nlohmann::json;

void drop_unused_keys(json& content) {
    std::set<std::string> used;
    for (auto const& [name, role] : content["roles"].items())
        for (auto const& id : role["keyids"])
            used.insert(id.get<std::string>());
    auto& keys = content["keys"];
    for (auto key = keys.begin(); key != keys.end();)
        key = used.contains(key.key()) ? std::next(key) : keys.erase(key);
}

} // namespace

std::vector<std::string> roles_of(std::string const& role) {
    if (role == "online")
        return {"snapshot", "timestamp"};
    return {role};
}

void set_keys(json& root_content, std::string const& role, RoleKeys const& keys) {
    auto ids = json::array();
    for (auto const& key : keys.keys) {
        root_content["keys"][key.id()] = key.object();
        ids.push_back(key.id());
    }
    for (auto const& name : roles_of(role))
        root_content["roles"][name] = {{"keyids", ids}, {"threshold", keys.threshold}};
    drop_unused_keys(root_content);
}

json new_root(RoleKeys const& root, RoleKeys const& targets, RoleKeys const& online) {
    auto content = new_body("root");
    content["consistent_snapshot"] = true;
    content["keys"] = json::object();
    content["roles"] = json::object();
    set_keys(content, "root", root);
    set_keys(content, "targets", targets);
    set_keys(content, "online", online);
    return content;
}

} // namespace livepatch::publish
