// The livepatches the kernel has, read from /sys/kernel/livepatch and /sys/module.
#pragma once

#include "base/patch_state.hpp"
#include "base/result.hpp"
#include "kernel/live_module.hpp"
#include "kernel/ordinary_modules.hpp"
#include "kernel/root.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

struct ObservedFunction {
    std::string name = {};
    std::uint64_t sympos = 0; // as sysfs shows it: 1 or more
};

struct ObservedObject {
    std::string name = {};            // "vmlinux" or a module, loaded or not
    std::optional<bool> patched = {}; // kernels without the attribute (before 6.1): unknown
    // During the transition of a replacing patch also those it takes out of use: as the patches it
    // replaces have them (kernel/livepatch/core.c: klp_add_nops).
    std::vector<ObservedFunction> functions = {}; // sorted by name
};

struct ObservedPatch {
    std::string name = {};
    base::PatchState state = base::PatchState::absent;
    bool transition = false;          // the one patch the kernel is in transition with
    std::string build_id = {};        // of the loaded module, lower-case hex; "" = none
    std::string version = {};         // modinfo version of the loaded module
    std::optional<bool> replace = {}; // kernels before 6.11 do not say
    std::optional<std::uint64_t> refcount = {};
    // No directory any more but still referenced: forced out, stays until reboot. For microseconds
    // every patch looks like that when its directory goes (klp_free_patch_finish drops the module
    // afterwards), so believe it only when it has looked so for a while.
    bool pinned = false;
    std::vector<ObservedObject> objects = {}; // sorted by name; empty without a directory
};

struct Observation {
    std::vector<ObservedPatch> patches = {}; // sorted by name; none of them `absent`
    std::uint64_t taint = 0; // of the kernel, as /proc/sys/kernel/tainted; 0 also when unreadable

    ObservedPatch const* find(std::string_view name) const;
    // The patch in transition, whoever started it; nullptr when the kernel is quiet. A patch whose
    // module is only just loading (its callbacks may take seconds) is `enabling` before that.
    ObservedPatch const* transition() const;
};

// Reads only files that take no lock in the kernel (not `stack_order`, which takes klp_mutex), so
// it never blocks and the event loop may call it: about ten files for each livepatch, one for each
// module that was not there before, and the list of modules. For one thread at a time.
class LivepatchTree {
public:
    explicit LivepatchTree(Root root);

    // The states by the table in DESIGN §5. Includes livepatch modules without a directory (taint
    // flag K). When something vanishes, appears or changes during the scan, it is begun again; what
    // never holds still is told as last read. In the first moment of a disable the kernel shows
    // what an enabling patch shows. Errors: unsupported when /sys/kernel/livepatch does not exist;
    // failed when files that must be there cannot be read.
    base::Result<Observation> observe();

    // A glance at one small file, for whoever waits for the end: whether this patch is in
    // transition; nothing when it has no directory.
    std::optional<bool> in_transition(std::string const& patch) const;

    // The next observation asks every module again whether it is a livepatch.
    void forget_modules() { ordinary_.forget(); }

    // Whether another module is there that a livepatch may depend on.
    bool has_live(std::string_view module) const { return is_live(root_, module); }

private:
    std::uint64_t taint() const;

    Root root_;
    OrdinaryModules ordinary_;
};

} // namespace livepatch::kernel
