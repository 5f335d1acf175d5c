#include "repository/watcher.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace livepatch::repository {

namespace {

constexpr std::uint32_t self_mask = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t gone_mask = self_mask | IN_UNMOUNT | IN_IGNORED;
// In a directory that was asked for: a file complete, come, gone, or with another owner or mode.
// IN_CREATE is for what is complete when it is made, see is_complete().
constexpr std::uint32_t content_mask =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_CREATE;
// On the way to it, where the next component is missing, or a link that may be replaced.
constexpr std::uint32_t come_mask = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t replace_mask = come_mask | IN_DELETE | IN_MOVED_FROM;

enum class Kind { missing, directory, link };

// What is no directory is missing. Links are followed: the directory of certificates may be one.
Kind kind_of(std::filesystem::path const& path) {
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0)
        return Kind::missing;
    if (S_ISLNK(status.st_mode))
        return Kind::link;
    return S_ISDIR(status.st_mode) ? Kind::directory : Kind::missing;
}

// A file that was just made is empty; it counts when its writer closes it. A hard link is whole,
// and what is no file at all will never be closed.
bool is_complete(std::filesystem::path const& path) {
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0 && (!S_ISREG(status.st_mode) || status.st_nlink > 1);
}

} // namespace

base::Result<Watcher>
Watcher::create(std::vector<std::filesystem::path> directories, Looking looking) {
    base::UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd)
        return base::system_error("inotify", "cannot start", errno);
    Watcher watcher(std::move(fd), std::move(directories), std::move(looking));
    watcher.watch_all();
    return watcher;
}

Watcher::Watcher(base::UniqueFd fd, std::vector<std::filesystem::path> directories, Looking looking)
    : fd_(std::move(fd)),
      directories_(std::move(directories)),
      looking_(std::move(looking)) {}

Watcher::Places Watcher::places() const {
    Places places;
    for (auto const& directory : directories_) {
        looking_(directory);
        std::filesystem::path walked = "/";
        bool there = true;
        for (auto const& component : directory.lexically_normal().relative_path()) {
            if (component.empty())
                continue; // a trailing slash
            auto const kind = kind_of(walked / component);
            auto& place = places[walked];
            place.mask |= self_mask;
            if (kind != Kind::directory) {
                place.mask |= kind == Kind::link ? replace_mask : come_mask;
                place.awaited.insert(component.string());
            }
            there = kind != Kind::missing;
            if (!there)
                break;
            walked /= component;
        }
        if (!there)
            continue;
        places[walked].mask |= self_mask | content_mask;
        places[walked].leaf = true;
    }
    return places;
}

// Two paths may lead to one directory, whose one watch has to serve both.
void Watcher::watch(Places const& places) {
    watched_.clear();
    leads_.clear();
    problem_.reset();
    for (auto const& [path, place] : places) {
        looking_(path);
        int const watch =
            ::inotify_add_watch(fd_.get(), path.c_str(), place.mask | IN_ONLYDIR | IN_MASK_ADD);
        if (watch < 0 && errno == ENOSPC) // inotify(7): as many watches as a user may have
            problem_ = base::Error{
                .code = base::Errc::failed,
                .subject = path.string(),
                .cause = "cannot be watched: root has as many inotify watches as it may",
                .remedy = "raise fs.inotify.max_user_watches (sysctl)",
                .os_error = ENOSPC};
        else if (watch < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
            problem_ = base::system_error(path.string(), "cannot watch", errno);
        if (watch < 0)
            continue;
        leads_[path] = watch;
        auto& watched = watched_[watch];
        watched.path = path;
        watched.place.mask |= place.mask;
        watched.place.leaf = watched.place.leaf || place.leaf;
        watched.place.awaited.insert(place.awaited.begin(), place.awaited.end());
    }
    // Nothing more than that, of what an earlier look had to know.
    for (auto const& [watch, watched] : watched_)
        ::inotify_add_watch(fd_.get(), watched.path.c_str(), watched.place.mask | IN_ONLYDIR);
}

// May be called at any time: adding a watch that exists keeps its descriptor, and the kernel gives
// none to a second directory. True when the paths lead elsewhere than before.
bool Watcher::watch_all() {
    auto const before = leads_;
    auto old = watched_;
    auto wanted = places();
    // Until nothing has come while we looked. Bounded, as somebody may play with us; the watches
    // that are there then tell of the next change.
    for (int tries = 0; tries < 10; ++tries) {
        watch(wanted);
        old.insert(watched_.begin(), watched_.end());
        auto now = places();
        if (now == wanted)
            break;
        wanted = std::move(now);
    }
    for (auto const& [watch, place] : old)
        if (!watched_.contains(watch))
            ::inotify_rm_watch(fd_.get(), watch); // it was moved away, and is nothing to us
    return leads_ != before;
}

bool Watcher::leads_elsewhere() {
    return watch_all();
}

bool Watcher::concerns(int watch, std::uint32_t mask, std::string const& name) const {
    if ((mask & IN_Q_OVERFLOW) != 0)
        return true;
    auto const found = watched_.find(watch);
    if (found == watched_.end())
        return false;
    auto const& [path, place] = found->second;
    if ((mask & gone_mask) != 0)
        return true;
    if ((mask & replace_mask) != 0 && place.awaited.contains(name))
        return true;
    if (!place.leaf || name.starts_with('.'))
        return false;
    return (mask & IN_CREATE) == 0 || is_complete(path / name);
}

bool Watcher::changed() {
    bool any = false;
    alignas(inotify_event) std::array<char, 16 * 1024> buffer; // NOLINT: filled by read
    // Bounded, as somebody may write faster than we read; what is left is read next time.
    for (int reads = 0; reads < 1000; ++reads) {
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
