#include "publish/published.hpp"

#include "publish/names.hpp"
#include "publish/target_entry.hpp"
#include "trust/tuf/file_name.hpp"

#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;

base::Error damaged(Tree const& tree, std::string const& file, std::string cause) {
    return {
        .code = base::Errc::verification_failed,
        .subject = tree.metadata(file).string(),
        .cause = std::move(cause),
        .remedy = "copy the repository back from where it is published"};
}

// "meta" of timestamp and snapshot; 0 = it is not in there.
std::int64_t version_in(json const& content, std::string const& file) {
    auto const at = json::json_pointer("/meta") / file / "version";
    return content.contains(at) && content.at(at).is_number_integer()
               ? content.at(at).get<std::int64_t>()
               : 0;
}

} // namespace

PublishedRole const* Published::find(std::string const& role) const {
    auto const found = roles_.find(role);
    return found == roles_.end() ? nullptr : &found->second;
}

base::Result<void>
Published::add(Tree const& tree, std::string const& role, std::string const& file) {
    auto const bytes = Tree::read(tree.metadata(file));
    if (!bytes)
        return bytes.error();
    if (!*bytes)
        return damaged(tree, file, "missing, though other metadata names it");
    auto document =
        RoleDocument::parse({.subject = tree.metadata(file).string(), .bytes = **bytes});
    if (!document)
        return document.error();
    roles_.insert_or_assign(
        role, PublishedRole{.document = *std::move(document), .bytes = **bytes}
    );
    return {};
}

base::Result<void> Published::add_from_snapshot(Tree const& tree, std::string const& role) {
    auto const& snapshot = find("snapshot")->document.content;
    auto const version = version_in(snapshot, trust::tuf::file_name(role));
    if (version == 0)
        return {};
    return add(tree, role, trust::tuf::versioned_file_name(version, role));
}

base::Result<Published> Published::read(Tree const& tree) {
    Published published;
    auto const root = tree.newest_root();
    if (!root)
        return root.error();
    if (*root == 0)
        return published;
    if (auto good = published.add(tree, "root", trust::tuf::versioned_file_name(*root, "root"));
        !good)
        return good.error();
    auto const timestamp = Tree::read(tree.metadata("timestamp.json"));
    if (!timestamp)
        return timestamp.error();
    if (!*timestamp)
        return published;
    if (auto good = published.add(tree, "timestamp", "timestamp.json"); !good)
        return good.error();
    auto const version = version_in(published.find("timestamp")->document.content, "snapshot.json");
    auto good =
        published.add(tree, "snapshot", trust::tuf::versioned_file_name(version, "snapshot"));
    for (auto const* role : {"targets", brake_role})
        if (good)
            good = published.add_from_snapshot(tree, role);
    if (!good)
        return good.error();
    return published;
}

base::Result<std::optional<std::string>>
Published::target(Tree const& tree, std::string const& path) const {
    for (auto const& [role, published] : roles_) {
        auto const at = json::json_pointer("/targets") / path / "hashes" / "sha256";
        auto const& content = published.document.content;
        if (!content.contains(at) || !content.at(at).is_string())
            continue;
        auto const file = tree.targets(stored_path(path, content.at(at).get<std::string>()));
        auto bytes = Tree::read(file);
        if (bytes && !*bytes)
            return base::Error{
                .code = base::Errc::verification_failed,
                .subject = file.string(),
                .cause = "missing, though metadata names it",
                .remedy = "copy the repository back from where it is published"};
        return bytes;
    }
    return std::optional<std::string>();
}

} // namespace livepatch::publish
