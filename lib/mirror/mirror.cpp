#include "mirror/mirror.hpp"

#include "base/file.hpp"
#include "trust/tuf/download.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/limits.hpp"

#include <utility>

namespace livepatch::mirror {

namespace tuf = trust::tuf;

namespace {

constexpr tuf::Limits limits;

base::Result<void> ignore(std::span<std::byte const> /*bytes*/) {
    return {};
}

// "ROLE.json" as snapshot lists it.
std::string role_of(std::string const& file) {
    return file.substr(0, file.size() - std::string_view(".json").size());
}

} // namespace

Mirror::Mirror(With with, tuf::SignedRoot anchor)
    : with_(std::move(with)),
      source_(with_.web),
      anchor_(std::move(anchor)) {}

base::Result<std::unique_ptr<Mirror>> Mirror::refreshed(tuf::Document anchor, With with) {
    auto signed_anchor = tuf::SignedRoot::read(anchor, limits.root);
    if (!signed_anchor)
        return signed_anchor.error();
    if (auto good = with.tree.prepare(); !good)
        return good.error();
    std::unique_ptr<Mirror> mirror(new Mirror(std::move(with), *std::move(signed_anchor)));
    auto client = tuf::Client::refreshed(
        std::move(anchor),
        {.store = mirror->with_.store,
         .source = mirror->source_,
         .now = mirror->with_.now,
         .limits = limits}
    );
    if (!client)
        return client.error();
    mirror->client_ = std::make_unique<tuf::Client>(*std::move(client));
    return mirror;
}

base::Result<std::string> Mirror::file_of(tuf::Target const& target) const {
    return tuf::target_file_name(target, is_consistent());
}

base::Result<std::filesystem::path> Mirror::path_of(tuf::Target const& target) const {
    auto const file = file_of(target);
    if (!file)
        return file.error();
    return with_.tree.root() / "targets" / *file;
}

base::Result<void> Mirror::fetch_part(tuf::Target const& target) {
    auto const part = with_.tree.part(target);
    source_.put_together(part);
    std::error_code ignored;
    bool const was_there = std::filesystem::exists(part, ignored);
    auto fetched = client_->fetch(target, ignore);
    auto const is_other = [](base::Error const& error) {
        return error.code == base::Errc::verification_failed ||
               error.code == base::Errc::limits_exceeded ||
               error.cause == "HTTP status 416"; // there is more of it than the server has
    };
    if (fetched || !is_other(fetched.error()))
        return fetched;
    std::filesystem::remove(part, ignored);
    if (!was_there)
        return fetched;
    fetched = client_->fetch(target, ignore);
    if (!fetched && is_other(fetched.error()))
        std::filesystem::remove(part, ignored);
    return fetched;
}

base::Result<void> Mirror::fetch(tuf::Target const& target) {
    auto const file = file_of(target);
    if (!file)
        return file.error();
    wanted_.insert(*file);
    if (is_consistent() && with_.tree.has_target(*file, target.length))
        return {};
    if (auto good = fetch_part(target); !good)
        return good;
    ++files_fetched_;
    return with_.tree.complete(target, *file);
}

// Readers of the mirror may know an older root than we do, so they get all of them.
base::Result<void> Mirror::write_roots() {
    auto root = anchor_;
    auto const first = tuf::versioned_file_name(root.root.header.version, "root");
    if (!with_.tree.has_metadata(first))
        if (auto good = with_.tree.write_metadata(first, root.document.bytes); !good)
            return good;
    while (root.root.header.version < client_->root().header.version) {
        auto next = next_root(root, root.root.header.version + 1);
        if (!next)
            return next.error();
        root = *std::move(next);
    }
    return {};
}

base::Result<tuf::SignedRoot> Mirror::next_root(tuf::SignedRoot const& root, std::int64_t version) {
    auto const name = tuf::versioned_file_name(version, "root");
    auto const path = with_.tree.root() / "metadata" / name;
    if (auto bytes = base::read_file(path, limits.root)) {
        auto next =
            root.read_next({.subject = path.string(), .bytes = *std::move(bytes)}, limits.root);
        if (next)
            return next;
    }
    auto document = tuf::download(with_.web, name, {}, limits.root);
    if (!document)
        return document.error();
    auto next = root.read_next(*std::move(document), limits.root);
    if (!next)
        return next;
    if (auto good = with_.tree.write_metadata(name, next->document.bytes); !good)
        return good.error();
    return next;
}

// As the client accepted it; a role that nobody asked it for comes from the web, as the snapshot
// describes it.
base::Result<void> Mirror::write_role(std::string const& role, tuf::Reference const& reference) {
    auto const name =
        is_consistent() ? tuf::versioned_file_name(reference.version, role) : tuf::file_name(role);
    if (is_consistent() && with_.tree.has_metadata(name))
        return {};
    auto document = with_.store.load(role, limits.targets);
    bool const is_it = document && tuf::check_content(reference.content, document->bytes, name);
    if (!is_it)
        document = tuf::download(with_.web, name, reference.content, limits.targets);
    if (!document)
        return document.error();
    return with_.tree.write_metadata(name, document->bytes);
}

base::Result<void> Mirror::write_all_metadata() {
    if (auto good = write_roots(); !good)
        return good;
    for (auto const& [file, reference] : client_->snapshot().files)
        if (auto good = write_role(role_of(file), reference); !good)
            return good;
    if (auto good = write_role("snapshot", client_->timestamp().snapshot); !good)
        return good;
    auto const timestamp = with_.store.load("timestamp", limits.timestamp);
    if (!timestamp)
        return timestamp.error();
    return with_.tree.write_metadata("timestamp.json", timestamp->bytes);
}

base::Result<void> Mirror::publish() {
    if (auto good = write_all_metadata(); !good)
        return good;
    return with_.tree.keep_targets(wanted_);
}

} // namespace livepatch::mirror
