#include "base/atomic_file.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/unique_fd.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>

namespace livepatch::base {

namespace {

Result<void> write_new_file(
    std::filesystem::path const& path, std::string_view content, mode_t mode, Durability durability
) {
    UniqueFd const fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
    );
    if (!fd)
        return system_error(path.string(), "cannot create", errno);
    if (auto written = write_all(fd.get(), content, path.string()); !written)
        return written.error();
    // Not by open's mode: the umask of the service is 0077.
    if (::fchmod(fd.get(), mode) != 0)
        return system_error(path.string(), "cannot set mode", errno);
    if (durability == Durability::power_cut && ::fsync(fd.get()) != 0)
        return system_error(path.string(), "cannot sync", errno);
    return {};
}

} // namespace

Result<void> replace_file(
    std::filesystem::path const& path, std::string_view content, mode_t mode, Durability durability
) {
    auto const temporary = path.parent_path() / ("." + path.filename().string() + ".new");
    auto written = write_new_file(temporary, content, mode, durability);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
        written = system_error(path.string(), "cannot replace", errno);
    if (!written) {
        ::unlink(temporary.c_str());
        return written.error();
    }
    return durability == Durability::power_cut ? sync_directory(path.parent_path())
                                               : Result<void>();
}

} // namespace livepatch::base
