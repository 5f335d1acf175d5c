#include "base/directory.hpp"

#include "base/unique_fd.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace livepatch::base {

namespace {

struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

using Directory = std::unique_ptr<DIR, Close>;

Result<std::vector<std::string>>
list(Directory const& directory, std::string const& subject, std::size_t limit) {
    if (!directory)
        return system_error(subject, "cannot open", errno);
    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        auto const* entry = ::readdir(directory.get());
        if (entry == nullptr && errno != 0)
            return system_error(subject, "cannot list", errno);
        if (entry == nullptr)
            break;
        std::string_view const name = entry->d_name;
        if (name == "." || name == "..")
            continue;
        if (names.size() == limit) {
            return Error{
                .code = Errc::limits_exceeded,
                .subject = subject,
                .cause = "more than " + std::to_string(limit) + " entries",
                .remedy = {},
            };
        }
        names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace

Result<std::vector<std::string>>
list_directory(std::filesystem::path const& path, std::size_t limit) {
    auto const subject = path.string(); // first: errno is the next call's
    return list(Directory(::opendir(path.c_str())), subject, limit);
}

// A descriptor of its own: a duplicate would share the position with the caller's.
Result<std::vector<std::string>>
list_directory(int directory, std::string const& subject, std::size_t limit) {
    UniqueFd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return system_error(subject, "cannot open", errno);
    Directory opened(::fdopendir(fd.get()));
    if (opened)
        (void)fd.release(); // its owner now
    return list(opened, subject, limit);
}

Result<void> make_directories(std::filesystem::path const& path, mode_t mode) {
    std::error_code ignored; // what is wrong shows in a moment
    if (path.empty() || std::filesystem::is_directory(path, ignored))
        return {};
    if (auto made = make_directories(path.parent_path()); !made)
        return made;
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
        return system_error(path.string(), "cannot make the directory", errno);
    return sync_directory(path.parent_path());
}

Result<void> remove_file(std::filesystem::path const& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return system_error(path.string(), "cannot remove", errno);
    return {};
}

Result<void> sync_directory(std::filesystem::path const& path) {
    UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return system_error(path.string(), "cannot open", errno);
    if (::fsync(fd.get()) != 0)
        return system_error(path.string(), "cannot sync", errno);
    return {};
}

} // namespace livepatch::base
