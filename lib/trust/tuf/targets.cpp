#include "trust/tuf/targets.hpp"

#include "base/sha256.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/path_pattern.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

constexpr std::array<std::string_view, 4> top_level{"root", "timestamp", "snapshot", "targets"};
constexpr std::size_t longest_prefix = 64; // of a SHA-256 in hex

bool is_name_of_delegation(std::string const& name) {
    return !name.empty() && std::find(top_level.begin(), top_level.end(), name) == top_level.end();
}

Delegation read_delegation(Fields const& entry, KeyTable const& keys) {
    Delegation delegation;
    delegation.role = entry.text("name", longest_role_name);
    if (!is_name_of_delegation(delegation.role))
        entry.refuse("name", "a name that no other kind of metadata has");
    delegation.quorum = Quorum(entry, keys);
    delegation.is_terminating = entry.flag("terminating", false);
    if (entry.has("paths") == entry.has("path_hash_prefixes"))
        entry.refuse("paths", "there, or path_hash_prefixes, and not both");
    if (entry.has("paths"))
        delegation.paths = entry.texts("paths", longest_target_path);
    if (entry.has("path_hash_prefixes"))
        delegation.path_hash_prefixes = entry.texts("path_hash_prefixes", longest_prefix);
    return delegation;
}

std::vector<Delegation> read_delegations(Fields const& delegations) {
    auto const keys = read_keys(delegations);
    std::vector<Delegation> list;
    std::set<std::string> names;
    for (auto const& entry : delegations.objects("roles")) {
        list.push_back(read_delegation(entry, keys));
        if (!names.insert(list.back().role).second)
            entry.refuse("name", "another one than those before it");
    }
    return list;
}

} // namespace

bool Delegation::covers(std::string const& path) const {
    if (path_hash_prefixes.empty()) {
        return std::any_of(paths.begin(), paths.end(), [&](auto const& pattern) {
            return matches_pattern(path, pattern);
        });
    }
    auto const hash = base::sha256(path);
    return std::any_of(
        path_hash_prefixes.begin(),
        path_hash_prefixes.end(),
        [&](auto const& prefix) { return hash.starts_with(prefix); }
    );
}

Targets Targets::read(Fields const& content) {
    Targets read{.header = Header::read(content, type), .targets = {}, .delegations = {}};
    content.object("targets").each_member([&](std::string const& path, Fields const& entry) {
        read.targets.emplace(
            path,
            Target{
                .path = path,
                .length = entry.number("length", 0),
                .hashes = Hashes::read(entry.object("hashes"))}
        );
    });
    if (content.has("delegations"))
        read.delegations = read_delegations(content.object("delegations"));
    return read;
}

} // namespace livepatch::trust::tuf
