#include "mirror/mirror.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "trust/tuf/download.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/limits.hpp"

#include <utility>

namespace livepatch::mirror {

namespace tuf = trust::tuf;

namespace {

constexpr tuf::Limits limits;

// "ROLE.json" as snapshot lists it.
std::string role_of(std::string const& file) {
    return file.substr(0, file.size() - std::string_view(".json").size());
}

// Old repositories list their root, too. The snapshot's key says nothing of it: what it named so
// would stand for ever in the way of a root that its owner makes.
bool is_of_targets(std::string const& file) {
    return file.ends_with(".json") && file != "root.json" && file != "timestamp.json" &&
           file != "snapshot.json";
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
    if (auto room = mirror->take_room_for_metadata(); !room)
        return room.error();
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

base::Result<void> Mirror::take_room(std::uint64_t bytes, std::string const& subject) {
    if (bytes <= with_.max_size - size_) {
        size_ += bytes;
        return {};
    }
    return base::Error{
        .code = base::Errc::limits_exceeded,
        .subject = subject,
        .cause = "no room in the mirror for its " + std::to_string(bytes) + " bytes",
        .remedy = {}};
}

// Before any target: without it they are of no use. Where no length is told it is seen later.
base::Result<void> Mirror::take_room_for_metadata() {
    auto const& snapshot = client_->timestamp().snapshot.content.length;
    if (auto room = take_room(static_cast<std::uint64_t>(snapshot.value_or(0)), "snapshot"); !room)
        return room;
    for (auto const& [file, reference] : client_->snapshot().files) {
        auto const length = reference.content.length.value_or(0);
        if (auto room = take_room(static_cast<std::uint64_t>(length), file); !room)
            return room;
    }
    return {};
}

bool Mirror::has_room_for(tuf::Target const& target) const {
    auto const file = file_of(target);
    bool const has_it = file && wanted_.contains(*file);
    return has_it || static_cast<std::uint64_t>(target.length) <= with_.max_size - size_;
}

base::Result<void> Mirror::fetch_part(tuf::Target const& target, Progress const& progress) {
    auto const part = with_.tree.part(target);
    source_.put_together(part);
    auto const bring = [&] {
        std::uint64_t done = 0;
        return client_->fetch(target, [&](std::span<std::byte const> bytes) -> base::Result<void> {
            done += bytes.size();
            if (progress)
                progress(done);
            return {};
        });
    };
    std::error_code ignored;
    bool const was_there = std::filesystem::exists(part, ignored);
    auto fetched = bring();
    auto const is_other = [](base::Error const& error) {
        return error.code == base::Errc::verification_failed ||
               error.code == base::Errc::limits_exceeded;
    };
    if (fetched || !is_other(fetched.error()))
        return fetched;
    if (auto removed = base::remove_file(part); !removed)
        return removed;
    if (!was_there)
        return fetched;
    fetched = bring();
    if (!fetched && is_other(fetched.error()))
        if (auto removed = base::remove_file(part); !removed)
            return removed;
    return fetched;
}

base::Result<void> Mirror::fetch(tuf::Target const& target, Progress const& progress) {
    auto const file = file_of(target);
    if (!file)
        return file.error();
    bool const is_new = !wanted_.contains(*file);
    if (is_new)
        if (auto room = take_room(static_cast<std::uint64_t>(target.length), target.path); !room)
            return room;
    wanted_.insert(*file);
    // Disks damage files that have the right name and length.
    if (with_.tree.is_target(*file, target))
        return {};
    if (auto good = fetch_part(target, progress); !good)
        return good;
    ++files_fetched_;
    is_news_ = true;
    return with_.tree.complete(target, *file);
}

base::Result<std::string> Mirror::read(tuf::Target const& target) {
    if (auto good = fetch(target); !good)
        return good.error();
    auto const path = path_of(target);
    if (!path)
        return path.error();
    auto bytes = base::read_file(*path, static_cast<std::size_t>(target.length));
    if (!bytes)
        return bytes;
    auto const good = tuf::check_content(
        {.length = target.length, .hashes = target.hashes}, *bytes, path->string()
    );
    return good ? bytes : good.error();
}

base::Result<void> Mirror::write(std::string const& file, std::string_view bytes) {
    is_news_ = true;
    return with_.tree.write_metadata(file, bytes);
}

// Readers of the mirror may know an older root than we do, so they get all of them.
base::Result<void> Mirror::write_roots() {
    auto root = anchor_;
    auto const first = tuf::versioned_file_name(root.root.header.version, "root");
    if (!with_.tree.metadata_is(first, root.document.bytes))
        if (auto good = write(first, root.document.bytes); !good)
            return good;
    while (root.root.header.version < client_->root().header.version) {
        auto next = next_root(root, root.root.header.version + 1);
        if (!next)
            return next.error();
        root = *std::move(next);
    }
    return with_.tree.forget_roots_above(root.root.header.version);
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
    if (auto good = write(name, next->document.bytes); !good)
        return good.error();
    return next;
}

// What the client has accepted of a role in this refresh; nothing = it was not asked for it. Of one
// that it was not, it may have an old version, which only a hash would tell.
std::optional<tuf::Document>
Mirror::accepted(std::string const& role, tuf::Reference const& reference) const {
    auto const& hashes = reference.content.hashes;
    bool const is_always_asked = role == "snapshot" || role == "targets";
    if (!is_always_asked && hashes.sha256.empty() && hashes.sha512.empty())
        return std::nullopt;
    auto document = with_.store.load(role, limits.targets);
    if (!document || !tuf::check_content(reference.content, document->bytes, role))
        return std::nullopt;
    return *std::move(document);
}

base::Result<void> Mirror::write_role(std::string const& role, tuf::Reference const& reference) {
    auto const name =
        is_consistent() ? tuf::versioned_file_name(reference.version, role) : tuf::file_name(role);
    metadata_.insert(name);
    auto document = accepted(role, reference);
    if (!document && is_consistent() && with_.tree.metadata_is(name, reference.content))
        return {};
    if (!document) {
        auto fetched = tuf::download(with_.web, name, reference.content, limits.targets);
        if (!fetched)
            return fetched.error();
        document = *std::move(fetched);
    }
    if (!reference.content.length)
        if (auto room = take_room(document->bytes.size(), name); !room)
            return room;
    // Of the same name may be another one, when the repository was begun anew.
    if (with_.tree.metadata_is(name, document->bytes))
        return {};
    return write(name, document->bytes);
}

// The roots last: with a new one who reads the mirror takes no timestamp that replaced keys signed.
base::Result<void> Mirror::write_all_metadata() {
    for (auto const& [file, reference] : client_->snapshot().files)
        if (is_of_targets(file))
            if (auto good = write_role(role_of(file), reference); !good)
                return good;
    if (auto good = write_role("snapshot", client_->timestamp().snapshot); !good)
        return good;
    return write_roots();
}

// Its readers wait for it to be replaced, also when what is new are modules that the metadata has
// named before.
base::Result<void> Mirror::write_timestamp() {
    auto const timestamp = with_.store.load("timestamp", limits.timestamp);
    if (!timestamp)
        return timestamp.error();
    constexpr auto file = "timestamp.json";
    metadata_.insert(file);
    // A run that was killed may have brought some without saying so.
    is_news_ = is_news_ || with_.tree.has_target_newer_than(file);
    if (!is_news_ && with_.tree.metadata_is(file, timestamp->bytes))
        return {};
    return write(file, timestamp->bytes);
}

base::Result<bool> Mirror::publish() {
    if (auto good = write_all_metadata(); !good)
        return good.error();
    if (auto good = write_timestamp(); !good)
        return good.error();
    return std::exchange(is_news_, false);
}

base::Result<std::vector<std::string>> Mirror::remove_others() {
    return with_.tree.keep_targets(wanted_);
}

base::Result<void> Mirror::forget_old_metadata() {
    return with_.tree.keep_metadata(metadata_);
}

} // namespace livepatch::mirror
