#include "repository/stamp.hpp"

#include "base/directory.hpp"

#include <sys/stat.h>

namespace livepatch::repository {

namespace {

bool same_time(std::timespec const& left, std::timespec const& right) {
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

} // namespace

bool Stamp::operator==(Stamp const& other) const {
    return same_content(other) && same_time(changed, other.changed);
}

bool Stamp::same_content(Stamp const& other) const {
    return device == other.device && inode == other.inode && size == other.size &&
           same_time(modified, other.modified);
}

Stamp stamp_of(struct stat const& status) {
    return {status.st_dev, status.st_ino, status.st_size, status.st_mtim, status.st_ctim};
}

std::optional<Stamp> stamp_of(std::filesystem::path const& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0)
        return std::nullopt;
    return stamp_of(status);
}

// File times move in steps of a tick: a file that changed a moment ago may change again and keep
// its stamp.
bool is_settled(Stamp const& stamp) {
    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > stamp.changed.tv_sec + 1;
}

std::string stamp_of_directory(std::filesystem::path const& directory) {
    std::string text;
    auto const names = base::list_directory(directory);
    if (!names)
        return text;
    for (auto const& name : *names) {
        auto const stamp = stamp_of(directory / name);
        if (!stamp)
            continue;
        text += name + '/' + std::to_string(stamp->inode) + '/' + std::to_string(stamp->size) +
                '/' + std::to_string(stamp->changed.tv_sec) + '.' +
                std::to_string(stamp->changed.tv_nsec) + '\n';
    }
    return text;
}

} // namespace livepatch::repository
