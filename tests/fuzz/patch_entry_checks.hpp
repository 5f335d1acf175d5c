// What holds of every entry that was read, whatever the text: it goes to the bus, to paths and to
// terminals.
#pragma once

#include "fuzzer.hpp"
#include "module/modinfo.hpp"
#include "repository/patch_entry.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace livepatch::fuzz {

inline bool is_plain(std::string_view text, std::string_view extra) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

inline void check_ids(std::vector<std::string> const& ids) {
    must_hold(ids.size() <= 1024, "not too many ids");
    for (auto const& id : ids)
        must_hold(!id.empty() && is_plain(id, "._-"), "ids are plain");
}

inline void check_rollout(repository::Rollout const& rollout) {
    for (auto const& [ring, steps] : rollout.rings)
        for (std::size_t i = 0; i < steps.size(); ++i) {
            must_hold(steps[i].percent <= 100, "no more than all hosts");
            must_hold(i == 0 || steps[i - 1].at <= steps[i].at, "steps are in order");
        }
}

inline void check(repository::PatchEntry const& patch) {
    must_hold(!patch.id.empty() && patch.id.size() <= 64, "id has 1 to 64 characters");
    check_ids({patch.id});
    must_hold(is_plain(patch.severity, ""), "severity is a word");
    check_ids(patch.cves);
    check_ids(patch.supersedes);
    check_ids(patch.needs);
    check_ids(patch.conflicts);
    must_hold(is_plain(patch.module.path, "._+~/-"), "path is plain");
    must_hold(
        patch.module.path.find("..") == std::string::npos ||
            patch.module.path.find("/..") == std::string::npos,
        "path leads nowhere else"
    );
    for (auto const& target : patch.targets)
        must_hold(module::is_module_name(target.object), "targets are modules");
    for (auto const& object : patch.functions) {
        must_hold(module::is_module_name(object.name), "objects are modules");
        for (auto const& function : object.functions)
            must_hold(
                !function.name.empty() && is_plain(function.name, "_.$"), "functions are named"
            );
    }
    for (std::size_t i = 0; i < patch.states.size(); ++i) {
        must_hold(patch.states[i].id != 0, "states have numbers");
        must_hold(patch.states[i].version <= UINT32_MAX, "versions are the kernel's");
        for (std::size_t j = 0; j < i; ++j)
            must_hold(patch.states[i].id != patch.states[j].id, "each state once");
    }
    if (patch.rollout)
        check_rollout(*patch.rollout);
}

inline void check(repository::KernelEntry const& kernel) {
    must_hold(is_plain(kernel.release, "._+~-"), "release is plain");
    must_hold(is_plain(kernel.reboot_into, "._+~-"), "the next release is plain");
    for (auto const& id : kernel.build_ids)
        must_hold(!id.empty() && is_plain(id, ""), "build-ids are hex");
}

} // namespace livepatch::fuzz
