#include "kernel/identity.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "kernel/notes.hpp"

#include <filesystem>
#include <system_error>

namespace livepatch::kernel {

namespace {

base::Result<std::string> line_of(std::filesystem::path const& path) {
    auto content = base::read_file(path, 4096);
    if (!content)
        return content.error();
    return std::string(base::trimmed(*content));
}

// What systemd(1) found out when it started as the container's first process, what the container
// interface tells in its stead, and podman's mark.
std::string container_of(std::filesystem::path const& run) {
    for (auto const* file : {"systemd/container", "host/container-manager"})
        if (auto const manager = line_of(run / file); manager && !manager->empty())
            return *manager;
    std::error_code ignored;
    return std::filesystem::exists(run / ".containerenv", ignored) ? "podman" : "";
}

} // namespace

base::Result<Identity> identify(Root const& root) {
    auto release = line_of(root.proc / "sys/kernel/osrelease");
    if (!release)
        return release.error();
    auto version = line_of(root.proc / "sys/kernel/version");
    if (!version)
        return version.error();
    auto boot_id = line_of(root.proc / "sys/kernel/random/boot_id");
    if (!boot_id)
        return boot_id.error();
    auto const notes = base::read_file(root.sys / "kernel/notes");
    std::error_code ignored;
    return Identity{
        .release = *std::move(release),
        .version = *std::move(version),
        .build_id = notes ? build_id(*notes) : std::string(),
        .boot_id = *std::move(boot_id),
        .livepatch = std::filesystem::is_directory(root.sys / "kernel/livepatch", ignored),
        .container = container_of(root.run),
        .crash_kernel = std::filesystem::exists(root.proc / "vmcore", ignored),
    };
}

} // namespace livepatch::kernel
