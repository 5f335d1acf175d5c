// What clients of the repository see.
#pragma once

#include "base/result.hpp"
#include "publish/role_document.hpp"
#include "publish/tree.hpp"

#include <map>
#include <optional>
#include <string>

namespace livepatch::publish {

struct PublishedRole {
    RoleDocument document;
    std::string bytes; // as they lie there
};

class Published {
public:
    // From timestamp.json down; what it does not lead to is not published.
    static base::Result<Published> read(Tree const& tree);

    // nullptr = not yet.
    PublishedRole const* find(std::string const& role) const;

    // A file of the repository by its path; nothing = there is none.
    base::Result<std::optional<std::string>>
    target(Tree const& tree, std::string const& path) const;

private:
    base::Result<void> add(Tree const& tree, std::string const& role, std::string const& file);
    base::Result<void> add_from_snapshot(Tree const& tree, std::string const& role);

    std::map<std::string, PublishedRole> roles_;
};

} // namespace livepatch::publish
