// What a publisher has changed and not published yet.
#pragma once

#include "base/result.hpp"
#include "publish/role_document.hpp"
#include "publish/tree.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::publish {

// Lies in the repository's .lprepo/draft/. `tree` must outlive it.
class Draft {
public:
    explicit Draft(Tree const& tree) : tree_(&tree) {}

    // The next version of a role that waits for signatures. Nothing = there is none.
    base::Result<std::optional<RoleDocument>> role(std::string const& name) const;
    base::Result<void> keep(std::string const& name, RoleDocument const& document) const;
    base::Result<void> drop(std::string const& name) const;

    // Files of the repository that are new or changed, by the path they are to have.
    base::Result<std::vector<std::string>> targets() const;
    base::Result<std::optional<std::string>> target(std::string const& path) const;
    base::Result<void> put(std::string const& path, std::string_view bytes) const;
    base::Result<void> drop_target(std::string const& path) const;

private:
    Tree const* tree_;
};

} // namespace livepatch::publish
