#include "repository/watcher.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace livepatch::repository {

namespace {

// In a watched directory: a file complete, come, gone, or with another owner or mode. IN_CREATE
// is for what is complete when it is made, see is_complete().
constexpr std::uint32_t content_mask =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_CREATE;
// On the way to it: the next component made, moved, removed, or given to somebody else.
constexpr std::uint32_t path_mask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
constexpr std::uint32_t self_mask = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t gone_mask = self_mask | IN_UNMOUNT | IN_IGNORED;

// A file that was just made is empty; it counts when its writer closes it. A hard link is whole,
// and what is no file at all will never be closed.
bool is_complete(std::filesystem::path const& path) {
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0 && (!S_ISREG(status.st_mode) || status.st_nlink > 1);
}

} // namespace

base::Result<Watcher> Watcher::create(std::vector<std::filesystem::path> directories) {
    base::UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd)
        return base::system_error("inotify", "cannot start", errno);
    Watcher watcher(std::move(fd), std::move(directories));
    watcher.watch_all();
    return watcher;
}

Watcher::Watcher(base::UniqueFd fd, std::vector<std::filesystem::path> directories)
    : fd_(std::move(fd)),
      directories_(std::move(directories)) {}

std::map<std::filesystem::path, Watcher::Place> Watcher::places() const {
    std::map<std::filesystem::path, Place> places;
    for (auto const& directory : directories_) {
        std::filesystem::path walked = "/";
        for (auto const& component : directory.lexically_normal().relative_path()) {
            if (component.empty())
                continue; // a trailing slash
            places[walked].awaited.insert(component.string());
            walked /= component;
        }
        places[walked].leaf = true;
    }
    return places;
}

// May be called at any time: adding a watch that exists keeps its descriptor. What does not exist
// yet is announced by the directory above it, which is watched before.
void Watcher::watch_all() {
    auto const before = std::exchange(watched_, {});
    for (auto& [path, place] : places()) {
        auto const mask = (place.leaf ? content_mask : 0) | (place.awaited.empty() ? 0 : path_mask);
        int const watch = ::inotify_add_watch(
            fd_.get(), path.c_str(), mask | self_mask | IN_ONLYDIR | IN_MASK_ADD
        );
        if (watch < 0)
            continue;
        auto& watched = watched_[watch]; // two paths may lead to one directory
        watched.path = path;
        watched.leaf = watched.leaf || place.leaf;
        watched.awaited.merge(place.awaited);
    }
    for (auto const& [watch, place] : before)
        if (!watched_.contains(watch))
            ::inotify_rm_watch(fd_.get(), watch); // it was moved away, and is nothing to us
}

bool Watcher::concerns(int watch, std::uint32_t mask, std::string const& name) const {
    if ((mask & IN_Q_OVERFLOW) != 0)
        return true;
    auto const found = watched_.find(watch);
    if (found == watched_.end())
        return false;
    auto const& place = found->second;
    if ((mask & gone_mask) != 0)
        return true;
    if ((mask & path_mask) != 0 && place.awaited.contains(name))
        return true;
    if (!place.leaf || name.empty() || name.starts_with('.'))
        return false;
    return (mask & IN_CREATE) == 0 || is_complete(place.path / name);
}

bool Watcher::changed() {
    bool any = false;
    alignas(inotify_event) std::array<char, 16 * 1024> buffer; // NOLINT: filled by read
    for (;;) {
        auto const got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            std::string const name = event.len == 0 ? "" : buffer.data() + at + sizeof event;
            any = concerns(event.wd, event.mask, name) || any;
            at += sizeof event + event.len;
        }
    }
    // Directories may have come and gone with it. Before the caller reads, so that nothing falls
    // in between.
    if (any)
        watch_all();
    return any;
}

} // namespace livepatch::repository
