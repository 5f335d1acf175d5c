#include "support/emulated_kernel.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "kernel/livepatch_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace livepatch::support {

namespace {

using base::Errc;
using base::Error;

Error kernel_error(Errc code, std::string const& name, std::string cause, int os_error) {
    return {
        .code = code,
        .subject = name,
        .cause = std::move(cause),
        .remedy = {},
        .os_error = os_error};
}

std::vector<FakeObject> objects_of(module::LivepatchModule const& module) {
    std::vector<FakeObject> objects;
    for (auto const& object : module.objects) {
        auto& fake = objects.emplace_back(FakeObject{.name = object.name, .functions = {}});
        for (auto const& function : object.functions)
            fake.functions.push_back(function.name + ",1");
    }
    if (objects.empty())
        objects.push_back(FakeObject{});
    return objects;
}

std::vector<FakeObject> objects_of(kernel::ObservedPatch const& patch) {
    std::vector<FakeObject> objects;
    for (auto const& object : patch.objects) {
        auto& fake = objects.emplace_back(FakeObject{.name = object.name, .functions = {}});
        fake.patched = object.patched ? std::optional(*object.patched ? 1 : 0) : std::nullopt;
        for (auto const& function : object.functions)
            fake.functions.push_back(function.name + "," + std::to_string(function.sympos));
    }
    return objects;
}

// The modules whose load was not over.
std::vector<std::string> half_loaded(kernel::Root const& root) {
    std::vector<std::string> names;
    for (auto const& module : std::filesystem::directory_iterator(root.sys / "module")) {
        auto const state = base::read_file(module.path() / "initstate");
        if (state && base::trimmed(*state) == "coming")
            names.push_back(module.path().filename().string());
    }
    return names;
}

} // namespace

EmulatedKernel::EmulatedKernel(FakeKernelTree& tree) : tree_(tree) {}

// A kernel ends what it has begun, also when who asked for it is killed.
void EmulatedKernel::adopt() {
    std::lock_guard const lock(mutex_);
    for (auto const& name : half_loaded(tree_.root())) {
        tree_.remove_patch(name);
        tree_.remove_module(name);
    }
    for (auto const& patch : kernel::LivepatchTree(tree_.root()).observe().value().patches)
        patches_.insert_or_assign(
            patch.name,
            Patch{
                .enabled = patch.state == base::PatchState::enabled ||
                           patch.state == base::PatchState::enabling,
                .transition = patch.transition,
                .replace = patch.replace.value_or(false),
                .live = patch.state != base::PatchState::disabled,
                .build_id = patch.build_id,
                .objects = objects_of(patch)}
        );
    for (auto& [name, patch] : patches_)
        if (!patch.enabled && !patch.transition && tree_.has_patch(name))
            retire(name, patch);
}

base::Result<loader::LoadedPatch> EmulatedKernel::load(trust::VerifiedPatch const& patch) {
    std::lock_guard const lock(mutex_);
    auto const& name = patch.name();
    calls_.push_back("load " + name);
    if (auto const refusal = refusals_.find(name); refusal != refusals_.end())
        return refusal->second;
    if (patches_.contains(name))
        return kernel_error(Errc::conflict, name, "already loaded", EEXIST);
    if (in_transition()) {
        ++overlaps_;
        return kernel_error(Errc::busy, name, "another livepatch is in transition", EBUSY);
    }
    insert(
        name,
        {.replace = patch.module().replace == module::Replace::yes,
         .build_id = patch.module().build_id,
         .objects = objects_of(patch.module())}
    );
    return loaded(patch);
}

base::Result<void> EmulatedKernel::disable(std::string const& name) {
    std::lock_guard const lock(mutex_);
    calls_.push_back("disable " + name);
    return write_for_us(name, false);
}

base::Result<void> EmulatedKernel::enable(std::string const& name) {
    std::lock_guard const lock(mutex_);
    calls_.push_back("enable " + name);
    return write_for_us(name, true);
}

base::Result<void> EmulatedKernel::write_for_us(std::string const& name, bool value) {
    auto written = write_enabled(name, value);
    if (!written && written.error().code == Errc::busy)
        ++overlaps_;
    return written;
}

base::Result<void> EmulatedKernel::remove(std::string const& name) {
    std::lock_guard const lock(mutex_);
    calls_.push_back("remove " + name);
    auto const found = patches_.find(name);
    if (found == patches_.end())
        return kernel_error(Errc::not_found, name, "not loaded", ENOENT);
    if (found->second.live || pinned_.contains(name))
        return kernel_error(Errc::busy, name, "still referenced", EAGAIN);
    if (permanent_.contains(name))
        return kernel_error(Errc::unsupported, name, "the module has no exit function", EBUSY);
    patches_.erase(found);
    tree_.remove_module(name);
    return {};
}

// As kernel/livepatch/core.c: enabled_store.
base::Result<void> EmulatedKernel::write_enabled(std::string const& name, bool value) {
    auto const found = patches_.find(name);
    if (found == patches_.end() || !found->second.live)
        return kernel_error(Errc::not_found, name, "gone", ENOENT);
    auto& patch = found->second;
    if (patch.enabled == value)
        return {};
    if (!patch.transition && value)
        return kernel_error(Errc::unsupported, name, "cannot be enabled again", EINVAL);
    if (!patch.transition && in_transition())
        return kernel_error(Errc::busy, name, "another livepatch is in transition", EBUSY);
    patch.enabled = value;
    patch.transition = true;
    show(name, patch);
    tree_.log("livepatch: '" + name + "': starting " + (value ? "" : "un") + "patching transition");
    return {};
}

void EmulatedKernel::stall(std::string const& name) {
    std::lock_guard const lock(mutex_);
    stalled_.insert(name);
}

void EmulatedKernel::release(std::string const& name) {
    std::lock_guard const lock(mutex_);
    stalled_.erase(name);
}

void EmulatedKernel::refuse(std::string const& name, std::optional<Error> error) {
    std::lock_guard const lock(mutex_);
    refusals_.erase(name);
    if (error)
        refusals_.emplace(name, std::move(*error));
}

void EmulatedKernel::make_permanent(std::string const& name) {
    std::lock_guard const lock(mutex_);
    permanent_.insert(name);
}

void EmulatedKernel::pin(std::string const& name) {
    std::lock_guard const lock(mutex_);
    pinned_.insert(name);
}

void EmulatedKernel::show_replace() {
    std::lock_guard const lock(mutex_);
    shows_replace_ = true;
}

void EmulatedKernel::foreign_load(std::string const& name, bool replace) {
    std::lock_guard const lock(mutex_);
    insert(
        name,
        {.replace = replace, .build_id = "f0" + std::string(38, '0'), .objects = {FakeObject{}}}
    );
}

void EmulatedKernel::foreign_disable(std::string const& name) {
    std::lock_guard const lock(mutex_);
    (void)write_enabled(name, false);
}

void EmulatedKernel::foreign_remove(std::string const& name) {
    std::lock_guard const lock(mutex_);
    auto const patch = patches_.extract(name);
    if (!patch)
        return;
    if (patch.mapped().live)
        tree_.remove_patch(name);
    tree_.remove_module(name);
}

void EmulatedKernel::reboot() {
    std::lock_guard const lock(mutex_);
    for (auto const& [name, patch] : patches_) {
        if (patch.live)
            tree_.remove_patch(name);
        tree_.remove_module(name);
    }
    patches_.clear();
    pinned_.clear();
}

void EmulatedKernel::finish_transition() {
    std::lock_guard const lock(mutex_);
    for (auto& [name, patch] : patches_)
        if (patch.transition && !stalled_.contains(name))
            return end(name, patch);
}

void EmulatedKernel::end(std::string const& name, Patch& patch) {
    patch.transition = false;
    // Said before it can be seen, as by klp_complete_transition (kernel/livepatch/transition.c).
    tree_.log(
        "livepatch: '" + name + "': " + (patch.enabled ? "patching" : "unpatching") + " complete"
    );
    if (!patch.enabled)
        return retire(name, patch);
    // As klp_complete_transition: what is replaced is disabled first and goes last.
    std::vector<std::string> replaced;
    for (auto& [other, old] : patches_)
        if (patch.replace && other != name && old.live)
            replaced.push_back(other);
    for (auto const& other : replaced) {
        patches_.at(other).enabled = false;
        show(other, patches_.at(other));
    }
    show(name, patch);
    for (auto const& other : replaced)
        retire(other, patches_.at(other));
}

void EmulatedKernel::retire(std::string const& name, Patch& patch) {
    patch.live = false;
    patch.enabled = false;
    tree_.remove_patch(name);
    tree_.set_module(
        name, {.refcount = pinned_.contains(name) ? 1 : 0, .build_id = patch.build_id}
    );
}

bool EmulatedKernel::in_transition() const {
    return std::any_of(patches_.begin(), patches_.end(), [](auto const& entry) {
        return entry.second.transition;
    });
}

void EmulatedKernel::insert(std::string const& name, Patch patch) {
    tree_.set_module(name, {.initstate = "coming", .build_id = patch.build_id});
    tree_.log("livepatch: enabling patch '" + name + "'");
    show(name, patch);
    tree_.set_module(name, {.build_id = patch.build_id});
    patches_.insert_or_assign(name, std::move(patch));
    tree_.log("livepatch: '" + name + "': starting patching transition");
}

void EmulatedKernel::show(std::string const& name, Patch const& patch) {
    tree_.set_patch(
        name,
        {.enabled = patch.enabled ? 1 : 0,
         .transition = patch.transition ? 1 : 0,
         .replace = shows_replace_ ? std::optional(patch.replace ? 1 : 0) : std::nullopt,
         .objects = patch.objects}
    );
}

int EmulatedKernel::overlaps() const {
    std::lock_guard const lock(mutex_);
    return overlaps_;
}

std::vector<std::string> EmulatedKernel::calls() const {
    std::lock_guard const lock(mutex_);
    return calls_;
}

} // namespace livepatch::support
