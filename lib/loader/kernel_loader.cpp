#include "loader/kernel_loader.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "kernel/live_module.hpp"
#include "loader/kernel_modules.hpp"
#include "loader/witness.hpp"
#include "preflight/checklist.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace livepatch::loader {

namespace {

// The name becomes part of a path.
base::Result<void> check_name(std::string const& name) {
    if (!name.empty() && name.find('/') == std::string::npos && !name.starts_with('.'))
        return {};
    return base::Error{
        .code = base::Errc::invalid_argument,
        .subject = name,
        .cause = "not a module's name",
        .remedy = {},
    };
}

// The kernel would refuse it with "Unknown symbol", which names no module.
base::Result<void> check_dependencies(kernel::Root const& root, trust::VerifiedPatch const& patch) {
    for (auto name : patch.module().depends) {
        std::replace(name.begin(), name.end(), '-', '_');
        if (check_name(name) && kernel::is_live(root, name))
            continue;
        return preflight::missing_dependency(patch.name(), name);
    }
    return {};
}

// 0, or the errno. In one write, as the kernel takes it (fs/kernfs/file.c: kernfs_fop_write_iter).
int write_flag(std::filesystem::path const& path, bool value) {
    base::UniqueFd const fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd)
        return errno;
    return ::write(fd.get(), value ? "1" : "0", 1) == 1 ? 0 : errno;
}

} // namespace

KernelLoader::KernelLoader(kernel::Root root) : root_(std::move(root)) {}

base::Result<LoadedPatch> KernelLoader::load(trust::VerifiedPatch const& patch) {
    if (auto ready = check_dependencies(root_, patch); !ready)
        return ready.error();
    Witness witness(root_, patch.name());
    // The sealed bytes that were verified: libkmod opens its path again, and this one cannot lead
    // to anything else.
    if (int const failed = insert_module(patch.file().path()))
        return witness.refused(preflight::Operation::load, failed);
    return loaded(patch);
}

base::Result<void> KernelLoader::disable(std::string const& name) {
    return set_enabled(name, false);
}

base::Result<void> KernelLoader::enable(std::string const& name) {
    return set_enabled(name, true);
}

base::Result<void> KernelLoader::set_enabled(std::string const& name, bool value) {
    if (auto good = check_name(name); !good)
        return good;
    auto const path = root_.sys / "kernel/livepatch" / name / "enabled";
    Witness witness(root_, name);
    int const failed = write_flag(path, value);
    if (failed == 0)
        return {};
    // EINVAL also says that it has that value already (kernel/livepatch/core.c: enabled_store).
    auto const now = base::read_file(path, 64);
    if (failed == EINVAL && now && base::trimmed(*now) == (value ? "1" : "0"))
        return {};
    return witness.refused(
        value ? preflight::Operation::enable : preflight::Operation::disable, failed
    );
}

base::Result<void> KernelLoader::remove(std::string const& name) {
    if (auto good = check_name(name); !good)
        return good;
    Witness witness(root_, name);
    if (int const failed = remove_module(name))
        return witness.refused(preflight::Operation::remove, failed);
    return {};
}

} // namespace livepatch::loader
