// Who may sign for a role, and how many of them have to.
#pragma once

#include "base/result.hpp"
#include "publish/listed_key.hpp"
#include "publish/role_document.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::publish {

struct Authority {
    std::vector<ListedKey> keys;
    std::size_t threshold = 1;

    // Of one of the four roles that root names.
    static base::Result<Authority>
    in_root(nlohmann::json const& root_content, std::string const& role);

    // Of a role that targets delegates to.
    static base::Result<Authority>
    in_targets(nlohmann::json const& targets_content, std::string const& role);

    // How many of its keys have signed, at most `threshold` of which are needed.
    std::size_t signatures_of(RoleDocument const& document) const;

    bool has_signed(RoleDocument const& document) const {
        return signatures_of(document) >= threshold;
    }
};

} // namespace livepatch::publish
