#include "support/tuf_repository.hpp"

#include "base/sha256.hpp"
#include "trust/tuf/canonical_json.hpp"
#include "trust/tuf/file_name.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace livepatch::support {

namespace {

using Json = TufRepository::Json;

Json new_role(std::string const& type, std::string const& expires) {
    return {{"_type", type}, {"spec_version", "1.0.34"}, {"version", 1}, {"expires", expires}};
}

Json new_targets() {
    auto role = new_role("targets", "2026-09-01T00:00:00Z");
    role["targets"] = Json::object();
    return role;
}

bool is_targets(Json const& content) {
    return content.at("_type") == "targets";
}

Json keys_of(std::vector<TufKey> const& keys) {
    auto object = Json::object();
    for (auto const& key : keys)
        object[key.id()] = key.object();
    return object;
}

Json ids_of(std::vector<TufKey> const& keys) {
    auto list = Json::array();
    for (auto const& key : keys)
        list.push_back(key.id());
    return list;
}

} // namespace

TufRepository::TufRepository() {
    content["root"] = new_role("root", "2027-06-01T00:00:00Z");
    content["root"]["consistent_snapshot"] = true;
    content["root"]["keys"] = Json::object();
    content["timestamp"] = new_role("timestamp", "2026-06-20T00:00:00Z");
    content["snapshot"] = new_role("snapshot", "2026-07-01T00:00:00Z");
    content["targets"] = new_targets();
    for (auto const* role : {"root", "timestamp", "snapshot", "targets"}) {
        authorise(role, {TufKey::ed25519()});
        version_of(role) = 0;
    }
    add_target("file.txt", "content");
    publish_root();
    publish();
}

void TufRepository::authorise(
    std::string const& role, std::vector<TufKey> const& keys, int threshold
) {
    auto& root = content["root"];
    root["keys"].update(keys_of(keys));
    root["roles"][role] = {{"keyids", ids_of(keys)}, {"threshold", threshold}};
    signers[role] = keys;
}

void TufRepository::publish_root() {
    auto& version = version_of("root");
    version = version.get<int>() + 1;
    auto keys = signers["root"];
    auto const same = [](TufKey const& key) {
        return [&key](TufKey const& other) { return other.id() == key.id(); };
    };
    for (auto const& key : last_root_signers_)
        if (std::none_of(keys.begin(), keys.end(), same(key)))
            keys.push_back(key);
    auto const name = trust::tuf::versioned_file_name(version.get<int>(), "root");
    files["metadata/" + name] = sign(content["root"], keys);
    last_root_signers_ = signers["root"];
}

void TufRepository::publish() {
    for (auto& [role, said] : content) {
        if (role == "root")
            continue;
        said["version"] = said["version"].get<int>() + 1;
        if (is_targets(said))
            write_targets(role);
    }
    write_snapshot();
    write_timestamp();
}

void TufRepository::write_targets(std::string const& role) {
    write(role);
}

void TufRepository::write_snapshot() {
    auto& meta = content["snapshot"]["meta"] = Json::object();
    for (auto const& [role, said] : content)
        if (is_targets(said))
            describe(meta[role + ".json"], role);
    write("snapshot");
}

void TufRepository::write_timestamp() {
    auto& meta = content["timestamp"]["meta"] = Json::object();
    describe(meta["snapshot.json"], "snapshot");
    files["metadata/timestamp.json"] = sign(content["timestamp"], signers["timestamp"]);
}

void TufRepository::write(std::string const& role) {
    auto const version = version_of(role).get<int>();
    auto const bytes = sign(content.at(role), signers[role]);
    bool const is_consistent = content["root"]["consistent_snapshot"].get<bool>();
    files
        ["metadata/" + (is_consistent ? trust::tuf::versioned_file_name(version, role)
                                      : trust::tuf::file_name(role))] = bytes;
}

void TufRepository::describe(Json& entry, std::string const& role) const {
    entry = {{"version", content.at(role).at("version")}};
    if (!describes)
        return;
    auto const version = entry["version"].get<int>();
    auto const versioned = files.find("metadata/" + trust::tuf::versioned_file_name(version, role));
    auto const& bytes = versioned != files.end()
                            ? versioned->second
                            : files.at("metadata/" + trust::tuf::file_name(role));
    entry["length"] = bytes.size();
    entry["hashes"] = {{"sha256", base::sha256(bytes)}};
}

void TufRepository::add_target(
    std::string const& path, std::string const& bytes, std::string const& role
) {
    auto const hash = base::sha256(bytes);
    content[role]["targets"][path] = {{"length", bytes.size()}, {"hashes", {{"sha256", hash}}}};
    auto const slash = path.rfind('/');
    auto const name = slash == std::string::npos ? 0 : slash + 1;
    files["targets/" + path.substr(0, name) + hash + '.' + path.substr(name)] = bytes;
    files["targets/" + path] = bytes;
}

void TufRepository::delegate(Delegation const& delegation) {
    if (!content.contains(delegation.to)) {
        content[delegation.to] = new_targets();
        version_of(delegation.to) = 0;
        signers[delegation.to] = {TufKey::ed25519()};
    }
    auto const& keys = signers[delegation.to];
    auto& from = content.at(delegation.from)["delegations"];
    if (!from.contains("keys"))
        from = {{"keys", Json::object()}, {"roles", Json::array()}};
    from["keys"].update(keys_of(keys));
    from["roles"].push_back(
        {{"name", delegation.to},
         {"keyids", ids_of(keys)},
         {"threshold", 1},
         {"terminating", delegation.terminating},
         {"paths", delegation.paths}}
    );
}

std::string TufRepository::sign(Json const& content, std::vector<TufKey> const& keys) {
    auto const message = trust::tuf::canonical_json(content);
    Json file{{"signed", content}, {"signatures", Json::array()}};
    for (auto const& key : keys)
        file["signatures"].push_back({{"keyid", key.id()}, {"sig", key.sign(message)}});
    return file.dump();
}

void TufRepository::write_tree(std::filesystem::path const& directory) const {
    for (auto const& [name, bytes] : files) {
        auto const path = directory / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }
}

} // namespace livepatch::support
