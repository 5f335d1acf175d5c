#include "publish/publication.hpp"

#include "publish/catalogue_document.hpp"
#include "publish/names.hpp"
#include "publish/target_entry.hpp"
#include "repository/kernel_catalogue.hpp"
#include "trust/tuf/file_name.hpp"

#include <array>
#include <set>
#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;

constexpr std::array<char const*, 5> order{"root", "targets", brake_role, "snapshot", "timestamp"};

json empty_targets() {
    auto body = new_body("targets");
    body["targets"] = json::object();
    return body;
}

json empty_brake() {
    return {{"schema", brake_schema}, {"modules", json::array()}};
}

// The online key speaks for the one file of the brake, and for nothing else.
json brake_delegation(Authority const& online) {
    auto keys = json::object();
    auto ids = json::array();
    for (auto const& key : online.keys) {
        keys[key.id()] = key.object();
        ids.push_back(key.id());
    }
    return {
        {"keys", std::move(keys)},
        {"roles",
         json::array(
             {{{"name", brake_role},
               {"keyids", std::move(ids)},
               {"threshold", online.threshold},
               {"terminating", true},
               {"paths", json::array({brake_path})}}}
         )}};
}

base::Error nothing_to_refresh(Tree const& tree) {
    return {
        .code = base::Errc::not_found,
        .subject = tree.directory().string(),
        .cause = "nothing was published yet",
        .remedy = "run 'lprepo publish'"};
}

} // namespace

Publication::Publication(With const& with, Published published)
    : with_(with),
      draft_(with.tree),
      published_(std::move(published)) {}

base::Result<Publication> Publication::begin(With const& with) {
    auto published = Published::read(with.tree);
    if (!published)
        return published.error();
    return Publication(with, *std::move(published));
}

RoleDocument const& Publication::document(std::string const& role) const {
    return roles_.at(role);
}

base::Result<std::optional<Publication::Waiting>>
Publication::prepare(Scope scope, std::string const& last) {
    scope_ = scope;
    for (std::string const role : order) {
        auto const signed_enough = prepare_role(role, scope);
        if (!signed_enough)
            return signed_enough.error();
        if (!*signed_enough) {
            auto const& authority = authorities_.at(role);
            Waiting waiting{
                .role = role,
                .signatures = authority.signatures_of(roles_.at(role)),
                .threshold = authority.threshold,
                .keys = {}};
            for (auto const& key : authority.keys)
                if (!roles_.at(role).is_signed_by(key))
                    waiting.keys.push_back(key.id());
            return std::optional(std::move(waiting));
        }
        if (role == last)
            break;
    }
    return std::optional<Waiting>();
}

base::Result<bool> Publication::prepare_role(std::string const& role, Scope scope) {
    if (role == "root")
        return prepare_root();
    if (role == "targets")
        return prepare_targets(scope);
    if (role == brake_role)
        return prepare_brake();
    if (role == "snapshot")
        return prepare_snapshot();
    return prepare_timestamp();
}

// A new root is made by init and rotate, in the draft. It needs enough signatures by its own keys,
// and by those of the version before.
base::Result<bool> Publication::prepare_root() {
    auto const* before = published_.find("root");
    auto pending = scope_ == Scope::everything
                       ? draft_.role("root")
                       : base::Result<std::optional<RoleDocument>>(std::nullopt);
    if (!pending)
        return pending.error();
    if (*pending && before != nullptr && (*pending)->version() <= before->document.version())
        pending->reset(); // published, and then killed before it was taken out of the draft
    if (!*pending && before == nullptr)
        return base::Error{
            .code = base::Errc::not_found,
            .subject = with_.tree.directory().string(),
            .cause = "no root.json",
            .remedy = "make a repository with 'lprepo init'"};
    auto root = *pending ? **pending : before->document;
    auto own = Authority::in_root(root.content, "root");
    if (!own)
        return own.error();
    authorities_["root"] = *own;
    if (!*pending) {
        roles_.insert_or_assign("root", std::move(root));
        return true;
    }
    if (before == nullptr)
        return sign("root", std::move(root));
    auto const old = Authority::in_root(before->document.content, "root");
    if (!old)
        return old.error();
    if (auto good = with_.keys.sign(root, *old); !good)
        return good.error();
    bool const old_agrees = old->has_signed(root);
    if (!old_agrees)
        authorities_["root"] = *old;
    auto const signed_enough = sign("root", std::move(root));
    if (!signed_enough || !*signed_enough)
        return signed_enough;
    return old_agrees;
}

base::Result<bool> Publication::prepare_targets(Scope scope) {
    auto authority = Authority::in_root(roles_.at("root").content, "targets");
    if (!authority)
        return authority.error();
    if (scope == Scope::online) {
        auto const* before = published_.find("targets");
        if (before == nullptr)
            return nothing_to_refresh(with_.tree);
        authorities_["targets"] = *std::move(authority);
        roles_.insert_or_assign("targets", before->document);
        return true;
    }
    if (auto good = settle_catalogues(); !good)
        return good.error();
    auto body = targets_body();
    if (!body)
        return body.error();
    return make("targets", *std::move(body), *std::move(authority));
}

base::Result<bool> Publication::prepare_brake() {
    auto authority = Authority::in_targets(roles_.at("targets").content, brake_role);
    if (!authority)
        return authority.error();
    auto list = draft_.target(brake_path);
    if (!list)
        return list.error();
    auto const* before = published_.find(brake_role);
    auto body = before == nullptr ? empty_targets() : before->document.body();
    if (!*list && before == nullptr) {
        *list = empty_brake().dump() + '\n';
        if (auto good = draft_.put(brake_path, **list); !good)
            return good.error();
    }
    if (*list)
        body["targets"][brake_path] = describe(**list);
    return make(brake_role, std::move(body), *std::move(authority));
}

base::Result<bool> Publication::prepare_snapshot() {
    auto authority = Authority::in_root(roles_.at("root").content, "snapshot");
    if (!authority)
        return authority.error();
    auto body = new_body("snapshot");
    for (std::string const role : {"targets", brake_role})
        body["meta"][trust::tuf::file_name(role)] = described(role);
    return make("snapshot", std::move(body), *std::move(authority));
}

base::Result<bool> Publication::prepare_timestamp() {
    auto authority = Authority::in_root(roles_.at("root").content, "timestamp");
    if (!authority)
        return authority.error();
    auto body = new_body("timestamp");
    body["meta"]["snapshot.json"] = described("snapshot");
    return make("timestamp", std::move(body), *std::move(authority));
}

base::Result<bool> Publication::make(std::string const& role, json body, Authority authority) {
    auto const* before = published_.find(role);
    authorities_[role] = authority;
    auto const life = with_.tree.settings().lifetime(role);
    // A timestamp is always new.
    bool const will_do = before != nullptr && role != "timestamp" &&
                         before->document.body() == body &&
                         before->document.expires() - with_.now >= life / 2 &&
                         authority.has_signed(before->document);
    if (will_do) {
        roles_.insert_or_assign(role, before->document);
        return true;
    }
    auto const version = before == nullptr ? 1 : before->document.version() + 1;
    auto pending = draft_.role(role);
    if (!pending)
        return pending.error();
    bool const goes_on = *pending && (*pending)->body() == body &&
                         (*pending)->version() == version &&
                         (*pending)->expires() - with_.now >= life / 2;
    return sign(
        role,
        goes_on ? **std::move(pending)
                : RoleDocument::make(std::move(body), version, with_.now + life)
    );
}

base::Result<bool> Publication::sign(std::string const& role, RoleDocument document) {
    auto const& authority = authorities_.at(role);
    if (auto good = with_.keys.sign(document, authority); !good)
        return good.error();
    bool const signed_enough = authority.has_signed(document);
    if (!signed_enough)
        if (auto kept = draft_.keep(role, document); !kept)
            return kept.error();
    roles_.insert_or_assign(role, std::move(document));
    new_[role] = true;
    return signed_enough;
}

base::Result<void> Publication::keep(std::string const& role, RoleDocument document) {
    auto kept = draft_.keep(role, document);
    roles_.insert_or_assign(role, std::move(document));
    return kept;
}

base::Result<void> Publication::settle_catalogues() {
    auto const paths = draft_.targets();
    if (!paths)
        return paths.error();
    for (auto const& path : *paths) {
        if (!is_catalogue_path(path))
            continue;
        auto const text = draft_.target(path);
        if (!text)
            return text.error();
        auto catalogue = CatalogueDocument::parse(**text, path);
        if (!catalogue)
            return catalogue.error();
        if (catalogue->settle(with_.now))
            if (auto good = draft_.put(path, catalogue->text()); !good)
                return good;
        // One mistake in it, and hosts would take nothing from it any more.
        auto const read = repository::parse_kernel_catalogue(catalogue->text(), path);
        if (!read)
            return read.error();
    }
    return {};
}

base::Result<json> Publication::targets_body() {
    auto const online = Authority::in_root(roles_.at("root").content, "timestamp");
    if (!online)
        return online.error();
    auto const* before = published_.find("targets");
    auto body = before == nullptr ? empty_targets() : before->document.body();
    body["delegations"] = brake_delegation(*online);
    auto const paths = draft_.targets();
    if (!paths)
        return paths.error();
    for (auto const& path : *paths) {
        if (path == brake_path)
            continue;
        auto const bytes = draft_.target(path);
        if (!bytes)
            return bytes.error();
        body["targets"][path] = describe(**bytes);
    }
    return {boost::system::in_place_value, std::move(body)};
}

std::string Publication::bytes(std::string const& role) const {
    return is_new(role) ? roles_.at(role).bytes() : published_.find(role)->bytes;
}

json Publication::described(std::string const& role) const {
    auto entry = describe(bytes(role));
    entry["version"] = roles_.at(role).version();
    return entry;
}

base::Result<void> Publication::write_targets() {
    auto const paths = draft_.targets();
    if (!paths)
        return paths.error();
    for (auto const& path : *paths) {
        if (scope_ == Scope::online && path != brake_path)
            continue;
        auto const content = draft_.target(path);
        if (!content)
            return content.error();
        auto const hash = describe(**content)["hashes"]["sha256"].get<std::string>();
        if (auto good = Tree::write(with_.tree.targets(stored_path(path, hash)), **content); !good)
            return good;
    }
    return {};
}

base::Result<void> Publication::write_versioned(std::string const& role) {
    if (!is_new(role))
        return {};
    auto const name = trust::tuf::versioned_file_name(roles_.at(role).version(), role);
    return Tree::write(with_.tree.metadata(name), bytes(role));
}

base::Result<void> Publication::write_root() {
    if (auto good = write_versioned("root"); !good)
        return good;
    return draft_.drop("root");
}

base::Result<void> Publication::write() {
    if (auto good = write_targets(); !good)
        return good;
    // The new root is last before the timestamp: it takes effect by being there.
    for (std::string const role : {"targets", brake_role, "snapshot", "root"})
        if (auto good = write_versioned(role); !good)
            return good;
    if (auto good = Tree::write(with_.tree.metadata("timestamp.json"), bytes("timestamp")); !good)
        return good;
    auto const paths = draft_.targets();
    if (!paths)
        return paths.error();
    for (auto const& path : *paths)
        if (scope_ == Scope::everything || path == brake_path)
            if (auto good = draft_.drop_target(path); !good)
                return good;
    for (std::string const role : order)
        if (scope_ == Scope::everything || (role != "root" && role != "targets"))
            if (auto good = draft_.drop(role); !good)
                return good;
    return {};
}

} // namespace livepatch::publish
