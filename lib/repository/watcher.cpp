#include "repository/watcher.hpp"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace livepatch::repository {

namespace {

// In a watched directory: a file complete, come, gone, or with another owner or mode.
constexpr unsigned content_mask =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
// On the way to it: the next component made, moved or removed.
constexpr unsigned path_mask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
constexpr unsigned self_mask = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr unsigned rewatch_mask = self_mask | IN_UNMOUNT | IN_IGNORED | IN_Q_OVERFLOW;

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

// Adding a watch that exists keeps its descriptor, so this may be called at any time.
void Watcher::watch_all() {
    watched_.clear();
    for (auto const& directory : directories_) {
        std::filesystem::path walked = "/";
        for (auto const& component : directory.lexically_normal().relative_path()) {
            if (component.empty())
                continue;
            watch(walked, component.string());
            walked /= component;
        }
        watch(walked, {});
    }
}

// `awaited` is the component below it that counts; empty for a directory that was asked for.
void Watcher::watch(std::filesystem::path const& path, std::string const& awaited) {
    // The mask is for both kinds, as one directory may be both. What does not exist yet is
    // announced by the directory above it.
    auto const mask = content_mask | path_mask | self_mask | IN_ONLYDIR;
    int const descriptor = ::inotify_add_watch(fd_.get(), path.c_str(), mask);
    if (descriptor < 0)
        return;
    auto& watched = watched_[descriptor];
    if (awaited.empty())
        watched.leaf = true;
    else
        watched.awaited.insert(awaited);
}

bool Watcher::take(int watch, unsigned mask, std::string const& name) {
    if ((mask & rewatch_mask) != 0)
        return true;
    auto const found = watched_.find(watch);
    if (found == watched_.end())
        return false;
    if (found->second.awaited.contains(name))
        return true;
    bool const content = (mask & content_mask) != 0;
    return found->second.leaf && content && !name.empty() && !name.starts_with('.');
}

bool Watcher::changed() {
    bool any = false;
    bool moved = false;
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
            any = take(event.wd, event.mask, name) || any;
            moved = moved || (event.mask & (rewatch_mask | path_mask)) != 0;
            at += sizeof event + event.len;
        }
    }
    if (any && moved)
        watch_all();
    return any;
}

} // namespace livepatch::repository
