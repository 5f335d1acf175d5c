#include "repository/safe_directory.hpp"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>

namespace livepatch::repository {

namespace {

base::Error refused(std::filesystem::path const& path, std::string cause, std::string remedy) {
    return {
        .code = base::Errc::verification_failed,
        .subject = path.string(),
        .cause = std::move(cause),
        .remedy = std::move(remedy)};
}

base::Error cannot_open(std::filesystem::path const& path, int os_error) {
    if (os_error == ELOOP || os_error == ENOTDIR)
        return refused(path, "not a directory, or a symbolic link", "give the real path");
    auto error = base::system_error(path.string(), "cannot open", os_error);
    if (os_error == ENOENT || os_error == ENAMETOOLONG) // there can be no such file
        error.code = base::Errc::not_found;
    return error;
}

base::Result<void> check_owner(struct stat const& status, std::filesystem::path const& path) {
    if (status.st_uid != 0 && status.st_uid != ::geteuid())
        return refused(path, "belongs to uid " + std::to_string(status.st_uid), "chown root it");
    bool const sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky)
        return refused(path, "others than its owner may write it", "chmod go-w it");
    return {};
}

base::Result<void> check_directory(int fd, std::filesystem::path const& path) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0)
        return cannot_open(path, errno);
    return check_owner(status, path);
}

base::Result<void> check_file_system(int fd, std::filesystem::path const& path) {
    // linux/magic.h has no constants for CIFS and the FUSE one in all versions.
    constexpr std::array<unsigned long, 5> foreign{
        0x65735546, 0x01021997, 0x6969, 0xff534d42, 0xfe534d42};
    struct statfs status = {};
    if (::fstatfs(fd, &status) != 0)
        return base::system_error(path.string(), "cannot examine", errno);
    auto const type = static_cast<unsigned long>(status.f_type) & 0xffffffffUL;
    if (std::find(foreign.begin(), foreign.end(), type) != foreign.end())
        return refused(
            path, "lies on a network or FUSE file system", "set remote = true for this source"
        );
    return {};
}

} // namespace

base::Result<base::UniqueFd>
open_safe_directory(std::filesystem::path const& path, FileSystems allowed) {
    if (!path.is_absolute())
        return refused(path, "not an absolute path", "give an absolute path");
    std::filesystem::path walked = "/";
    base::UniqueFd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        return cannot_open(walked, errno);
    if (auto checked = check_directory(directory.get(), walked); !checked)
        return checked.error();
    for (auto const& component : path.lexically_normal().relative_path()) {
        if (component.empty())
            continue; // a trailing slash
        walked /= component;
        base::UniqueFd next(::openat(
            directory.get(), component.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        ));
        if (!next)
            return cannot_open(walked, errno);
        if (auto checked = check_directory(next.get(), walked); !checked)
            return checked.error();
        directory = std::move(next);
    }
    if (allowed == FileSystems::local)
        if (auto checked = check_file_system(directory.get(), walked); !checked)
            return checked.error();
    return directory;
}

base::Result<base::UniqueFd>
open_safe_file(int directory, std::string const& name, std::filesystem::path const& shown_as) {
    // O_NONBLOCK: a FIFO must not hold us.
    base::UniqueFd fd(
        ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    );
    if (!fd && errno == ELOOP)
        return refused(shown_as, "a symbolic link", "put the file itself there");
    if (!fd && errno == ENXIO)
        return refused(shown_as, "not a regular file", "remove it");
    if (!fd)
        return cannot_open(shown_as, errno);
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0)
        return cannot_open(shown_as, errno);
    if (!S_ISREG(status.st_mode))
        return refused(shown_as, "not a regular file", "remove it");
    if (auto checked = check_owner(status, shown_as); !checked)
        return checked.error();
    return fd;
}

} // namespace livepatch::repository
