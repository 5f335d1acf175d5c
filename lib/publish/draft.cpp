#include "publish/draft.hpp"

#include "trust/tuf/file_name.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::publish {

namespace {

std::string file_of(std::string const& role) {
    return "metadata/" + trust::tuf::file_name(role);
}

} // namespace

base::Result<std::optional<RoleDocument>> Draft::role(std::string const& name) const {
    auto const path = tree_->draft(file_of(name));
    auto bytes = Tree::read(path);
    if (!bytes)
        return bytes.error();
    if (!*bytes)
        return std::optional<RoleDocument>();
    auto document = RoleDocument::parse({.subject = path.string(), .bytes = **std::move(bytes)});
    if (!document)
        return document.error();
    return std::optional(*std::move(document));
}

base::Result<void> Draft::keep(std::string const& name, RoleDocument const& document) const {
    return Tree::write(tree_->draft(file_of(name)), document.bytes());
}

base::Result<void> Draft::drop(std::string const& name) const {
    return Tree::remove(tree_->draft(file_of(name)));
}

base::Result<std::vector<std::string>> Draft::targets() const {
    namespace fs = std::filesystem;
    auto const root = tree_->draft("targets");
    std::vector<std::string> paths;
    std::error_code failed;
    if (!fs::exists(root, failed))
        return paths;
    for (fs::recursive_directory_iterator at(root, failed), end; !failed && at != end;
         at.increment(failed))
        if (at->is_regular_file(failed) && !at->path().filename().string().starts_with('.'))
            paths.push_back(at->path().lexically_relative(root).string());
    if (failed)
        return base::system_error(root.string(), "cannot read", failed.value());
    std::ranges::sort(paths);
    return paths;
}

base::Result<std::optional<std::string>> Draft::target(std::string const& path) const {
    return Tree::read(tree_->draft("targets/" + path));
}

base::Result<void> Draft::put(std::string const& path, std::string_view bytes) const {
    return Tree::write(tree_->draft("targets/" + path), bytes);
}

base::Result<void> Draft::drop_target(std::string const& path) const {
    return Tree::remove(tree_->draft("targets/" + path));
}

} // namespace livepatch::publish
