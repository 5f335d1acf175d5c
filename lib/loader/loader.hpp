// The only way to change the kernel.
#pragma once

#include "base/result.hpp"
#include "trust/verified_patch.hpp"

#include <string>
#include <utility>

namespace livepatch::loader {

// A module the kernel accepted. Only loaders make one.
class LoadedPatch {
public:
    std::string const& name() const { return name_; }

    std::string const& sha256() const { return sha256_; }

private:
    friend class Loader;

    LoadedPatch(std::string name, std::string sha256)
        : name_(std::move(name)),
          sha256_(std::move(sha256)) {}

    std::string name_;
    std::string sha256_;
};

// There are two: the kernel's, and an emulated one for tests. Each call may block for seconds (a
// load runs the patch's callbacks, a sysfs write waits for klp_mutex) and cannot be cut short, so
// they belong on a worker; one at a time. Errors carry the kernel's own lines of the call, and say
// what they mean by the table in preflight/errno_table.hpp.
class Loader {
public:
    virtual ~Loader() = default;

    // Success means that the kernel accepted the module and its transition began; it may have ended
    // already. busy: another livepatch is in transition, try again later. conflict: a module of
    // that name is loaded. wrong_kernel, verification_failed, unsupported, load_failed: refused,
    // and will be again.
    virtual base::Result<LoadedPatch> load(trust::VerifiedPatch const& patch) = 0;

    // Writes 0 to `enabled`: begins the transition back, or reverses one that enables. Success also
    // when it was 0 already. not_found: it is gone; busy: another patch is in transition.
    virtual base::Result<void> disable(std::string const& name) = 0;

    // Writes 1 to `enabled`: reverses a transition that disables. Success also when it was 1
    // already. not_found: it is gone; unsupported: a patch that is disabled cannot be enabled again
    // (kernel/livepatch/core.c: enabled_store), it has to be loaded anew.
    virtual base::Result<void> enable(std::string const& name) = 0;

    // Unloads a disabled patch's module. busy: still referenced, try again; the kernel lets go of
    // it only a moment after its directory went. unsupported: the module has no exit function, or
    // unloading is switched off: it stays until reboot. not_found: it is gone already.
    virtual base::Result<void> remove(std::string const& name) = 0;

protected:
    static LoadedPatch loaded(trust::VerifiedPatch const& patch) {
        return {patch.name(), patch.sha256()};
    }
};

} // namespace livepatch::loader
