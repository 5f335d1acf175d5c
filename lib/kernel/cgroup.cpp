#include "kernel/cgroup.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <vector>

namespace livepatch::kernel {

namespace {

// The group that systemd keeps: of version 2 ("0::PATH"), of its own hierarchy of version 1, or
// what a container engine without systemd made of any other.
std::string_view group_path(std::string_view cgroup) {
    std::string_view best;
    int best_rank = 0;
    for (auto const line : base::split(cgroup, '\n')) {
        auto const first = line.find(':');
        auto const second = line.find(':', first == line.npos ? first : first + 1);
        if (second == std::string_view::npos)
            continue;
        auto const controllers = line.substr(first + 1, second - first - 1);
        auto const path = line.substr(second + 1);
        int const rank = path.find_first_not_of('/') == path.npos ? 0
                         : controllers.empty()                    ? 3
                         : controllers == "name=systemd"          ? 2
                                                                  : 1;
        if (rank > best_rank) {
            best = path;
            best_rank = rank;
        }
    }
    // kernel/cgroup/cgroup.c: proc_cgroup_show, of a task that outlived its group
    constexpr std::string_view deleted = " (deleted)";
    if (best.ends_with(deleted))
        best.remove_suffix(deleted.size());
    return best;
}

bool is_unit(std::string_view name) {
    constexpr std::array<std::string_view, 2> suffixes{".service", ".scope"};
    return std::any_of(suffixes.begin(), suffixes.end(), [&](auto suffix) {
        return name.size() > suffix.size() && name.ends_with(suffix);
    });
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// What container engines and Kubernetes call a container.
bool is_container_id(std::string_view text) {
    return text.size() == 64 && is_hex(text);
}

// systemd writes a byte that may not stand in a unit name as \xNN.
std::string unescaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        unsigned byte = 0;
        bool const escape =
            text.size() >= 4 && text.starts_with("\\x") &&
            std::from_chars(text.data() + 2, text.data() + 4, byte, 16).ptr == text.data() + 4;
        out += escape ? static_cast<char>(byte) : text.front();
        text.remove_prefix(escape ? 4 : 1);
    }
    return out;
}

std::string_view between(std::string_view text, std::string_view prefix, std::string_view suffix) {
    if (text.size() <= prefix.size() + suffix.size() || !text.starts_with(prefix) ||
        !text.ends_with(suffix))
        return {};
    return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
}

// The container a group is the root of; `parent` is the group above it.
std::string container_of(std::string_view parent, std::string_view group) {
    constexpr std::array<std::string_view, 5> engines{
        "docker-", "libpod-", "crio-", "cri-containerd-", "nerdctl-"};
    for (auto const engine : engines)
        if (auto const id = between(group, engine, ".scope"); !id.empty() && is_hex(id))
            return std::string(id);
    if (is_container_id(group))
        return std::string(group);
    for (auto const engine : {"libpod-", "crio-"}) // without systemd
        if (auto const id = between(group, engine, ""); is_container_id(id))
            return std::string(id);
    // Kubernetes on containerd without systemd: "PARENT.slice:cri-containerd:ID"
    if (auto const colon = group.rfind(':'); colon != group.npos)
        if (auto const id = group.substr(colon + 1); is_container_id(id))
            return std::string(id);
    if (parent == "lxc" || parent == "lxc.payload")
        return std::string(group);
    if (auto const name = between(group, "lxc.payload.", ""); !name.empty())
        return std::string(name);
    if (auto const name = between(group, "systemd-nspawn@", ".service"); !name.empty())
        return unescaped(name);
    if (auto const name = between(group, "machine-", ".scope"); !name.empty())
        return unescaped(name);
    return {};
}

} // namespace

Membership membership(std::string_view cgroup) {
    Membership found;
    std::string_view parent;
    for (auto const group : base::split(group_path(cgroup), '/')) {
        if (is_unit(group))
            found.unit = group;
        if (found.container.empty())
            found.container = container_of(parent, group);
        parent = group;
    }
    return found;
}

} // namespace livepatch::kernel
