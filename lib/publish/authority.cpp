#include "publish/authority.hpp"

#include "trust/tuf/fields.hpp"
#include "trust/tuf/refusal.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;
using trust::tuf::Fields;

constexpr std::size_t longest_key_id = 256;

// `holder` has "keys"; `role` has "keyids" and "threshold".
base::Result<Authority> read(json const& holder, Fields const& role) {
    Authority authority;
    authority.threshold = static_cast<std::size_t>(role.number("threshold", 1));
    auto const keys = holder.find("keys");
    for (auto const& id : role.texts("keyids", longest_key_id)) {
        if (keys == holder.end() || !keys->contains(id))
            continue;
        auto key = ListedKey::from_entry(id, keys->at(id));
        if (!key)
            return key.error();
        authority.keys.push_back(*std::move(key));
    }
    return authority;
}

} // namespace

base::Result<Authority> Authority::in_root(json const& root_content, std::string const& role) {
    std::optional<std::string> wrong;
    auto const fields = Fields(root_content, "root", wrong).object("roles").object(role);
    auto authority = read(root_content, fields);
    if (wrong)
        return trust::tuf::refusal("root.json", std::move(*wrong));
    return authority;
}

base::Result<Authority>
Authority::in_targets(json const& targets_content, std::string const& role) {
    std::optional<std::string> wrong;
    auto const delegations = targets_content.find("delegations");
    if (delegations == targets_content.end())
        return Authority();
    for (auto const& delegated : Fields(*delegations, "delegations", wrong).objects("roles")) {
        if (delegated.text("name", longest_key_id) != role)
            continue;
        auto authority = read(*delegations, delegated);
        if (wrong)
            return trust::tuf::refusal("targets.json", std::move(*wrong));
        return authority;
    }
    return Authority();
}

std::size_t Authority::signatures_of(RoleDocument const& document) const {
    return static_cast<std::size_t>(std::ranges::count_if(keys, [&](ListedKey const& key) {
        return document.is_signed_by(key);
    }));
}

} // namespace livepatch::publish
