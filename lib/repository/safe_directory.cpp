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

bool is_of_others(struct stat const& status) {
    return status.st_uid != 0 && status.st_uid != ::geteuid();
}

bool others_may_write(struct stat const& status) {
    return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

base::Result<void> check_owner(struct stat const& status, std::filesystem::path const& path) {
    if (is_of_others(status))
        return refused(path, "belongs to uid " + std::to_string(status.st_uid), "chown root it");
    bool const sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    if (others_may_write(status) && !sticky)
        return refused(path, "others than its owner may write it", "chmod go-w it");
    return {};
}

base::Result<void> check_directory(int fd, std::filesystem::path const& path) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0)
        return cannot_open(path, errno);
    return check_owner(status, path);
}

} // namespace

bool is_remote_file_system(std::uint32_t type) {
    // linux/magic.h does not have all of them in all versions.
    constexpr std::array<std::uint32_t, 9> remote{
        0x65735546, // FUSE
        0x01021997, // 9p
        0x00006969, // NFS
        0xff534d42, // CIFS
        0xfe534d42, // SMB 2 and later
        0x00c36400, // Ceph
        0x5346414f, // AFS
        0x6b414653, // AFS of the kernel
        0x73757245, // Coda
    };
    return std::find(remote.begin(), remote.end(), type) != remote.end();
}

base::Result<void> check_file_system(int fd, std::filesystem::path const& path) {
    struct statfs status = {};
    if (::fstatfs(fd, &status) != 0)
        return base::system_error(path.string(), "cannot examine", errno);
    if (is_remote_file_system(static_cast<std::uint32_t>(status.f_type)))
        return refused(
            path, "lies on a network or FUSE file system", "set remote = true for this source"
        );
    return {};
}

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

// Only its owner can take away what is in a sticky directory: what vanishes was not root's.
bool may_be_of_others(int directory, std::string const& name) {
    struct stat status = {};
    if (::fstat(directory, &status) != 0 || !others_may_write(status))
        return false;
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    return is_of_others(status);
}

} // namespace livepatch::repository
