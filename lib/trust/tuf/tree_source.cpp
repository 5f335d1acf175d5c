#include "trust/tuf/tree_source.hpp"

#include "base/unique_fd.hpp"
#include "trust/tuf/refusal.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

std::filesystem::path path_in_tree(Source::Name const& name) {
    auto const* const area = name.area == Source::Area::metadata ? "metadata" : "targets";
    return std::filesystem::path(area) / std::filesystem::path(name.path).relative_path();
}

// One name of the way, without following it; -1 with errno.
base::UniqueFd step(int directory, std::filesystem::path const& name) {
    base::UniqueFd next(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status = {};
    if (next && ::fstat(next.get(), &status) == 0 && S_ISLNK(status.st_mode)) {
        next = base::UniqueFd();
        errno = ELOOP;
    }
    return next;
}

// Name by name: openat2() could do it in one, but systemd's RestrictSUIDSGID= forbids it.
// O_NONBLOCK: a FIFO must not hold us.
base::UniqueFd open_beneath(base::UniqueFd directory, std::filesystem::path const& path) {
    for (auto const& name : path.parent_path()) {
        if (name == "..") {
            errno = EXDEV;
            return {};
        }
        directory = step(directory.get(), name);
        if (!directory)
            return {};
    }
    auto const name = path.filename();
    constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    return base::UniqueFd(::openat(directory.get(), name.c_str(), flags));
}

base::Error cannot_open(std::string subject, int os_error) {
    if (os_error == ELOOP || os_error == EXDEV)
        return refusal(subject, "reached over a symbolic link", "put the file itself there");
    if (os_error == ENXIO)
        return refusal(subject, "not a regular file", "remove it");
    auto error = base::system_error(std::move(subject), "cannot open", os_error);
    // A name that is too long, or below a file, can be nobody's.
    if (os_error == ENOENT || os_error == ENAMETOOLONG || os_error == ENOTDIR)
        error.code = base::Errc::not_found;
    return error;
}

base::Result<void> check_file(int fd, std::string const& subject, std::size_t limit) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0)
        return base::system_error(subject, "cannot examine", errno);
    if (!S_ISREG(status.st_mode))
        return refusal(subject, "not a regular file", "remove it");
    if (static_cast<std::size_t>(status.st_size) > limit) {
        return base::Error{
            .code = base::Errc::limits_exceeded,
            .subject = subject,
            .cause = "longer than " + std::to_string(limit) + " bytes",
            .remedy = {}};
    }
    return {};
}

} // namespace

TreeSource::TreeSource(std::filesystem::path root) : root_(std::move(root)) {}

std::string TreeSource::locate(Name const& name) const {
    return (root_ / path_in_tree(name)).string();
}

base::Result<Source::Answer> TreeSource::fetch(Request const& request, Sink const& sink) {
    auto const subject = locate(request.name);
    base::UniqueFd root(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) {
        // No repository is not a repository without that file.
        auto error = base::system_error(root_.string(), "cannot open", errno);
        error.code = base::Errc::unreachable;
        return error;
    }
    auto const fd = open_beneath(std::move(root), path_in_tree(request.name));
    if (!fd)
        return cannot_open(subject, errno);
    if (auto good = check_file(fd.get(), subject, request.limit); !good)
        return good.error();
    std::array<std::byte, std::size_t{64} * 1024> buffer; // NOLINT: filled by read
    for (;;) {
        auto const got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return base::system_error(subject, "cannot read", errno);
        if (got == 0)
            return Answer::content;
        if (auto taken = sink(std::span(buffer).first(static_cast<std::size_t>(got))); !taken)
            return taken.error();
    }
}

} // namespace livepatch::trust::tuf
