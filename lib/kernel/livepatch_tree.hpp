// The livepatches the kernel has, read from /sys/kernel/livepatch and /sys/module.
#pragma once

#include "base/patch_state.hpp"
#include "base/result.hpp"
#include "kernel/root.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

struct ObservedFunction {
    std::string name;
    std::uint64_t sympos = 0; // as sysfs shows it: 1 or more
};

struct ObservedObject {
    std::string name;            // "vmlinux" or a module, loaded or not
    std::optional<bool> patched; // kernels without the attribute (before 6.1): unknown
    std::vector<ObservedFunction> functions;
};

struct ObservedPatch {
    std::string name;
    base::PatchState state = base::PatchState::absent;
    bool transition = false;     // the one patch the kernel is in transition with
    std::string build_id;        // of the loaded module, lower-case hex; "" = none
    std::string version;         // modinfo version of the loaded module
    std::optional<bool> replace; // kernels before 6.11 do not say
    std::optional<std::uint64_t> refcount;
    bool pinned =
        false; // no directory any more but still referenced: forced out, stays until reboot
    std::vector<ObservedObject> objects;
};

struct Observation {
    std::vector<ObservedPatch> patches; // sorted by name; none of them `absent`

    ObservedPatch const* find(std::string_view name) const;
    // The patch in transition, whoever started it; nullptr when the kernel is quiet.
    ObservedPatch const* transition() const;
};

// Reads only files that take no lock in the kernel (not `stack_order`, which takes klp_mutex), so
// it never blocks and the event loop may call it.
class LivepatchTree {
public:
    explicit LivepatchTree(Root root);

    // The states by the table in DESIGN §5. Includes livepatch modules without a directory (taint
    // flag K). What vanishes during the scan is scanned again; a patch whose files never hold still
    // keeps the last reading. Error: unsupported when /sys/kernel/livepatch does not exist.
    base::Result<Observation> observe() const;

private:
    Root root_;
};

} // namespace livepatch::kernel
