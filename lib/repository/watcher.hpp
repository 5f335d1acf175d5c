// Tells that something happened in one of the watched directories.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace livepatch::repository {

// inotify on the directories, and on those above them as far as one that is made, replaced or moved
// away later has to be noticed: what is made in a directory on the way, such as /tmp, wakes nobody.
// A hint to read again, not a list of changes: several are one.
//
// Not noticed: another owner or mode of a directory above a watched one. inotify has no event for
// that without those of all that is in it.
class Watcher {
public:
    using Looking = std::function<void(std::filesystem::path const& directory)>;

    // Absolute paths; they need not exist. Each call of the watcher but fd() and problem() looks at
    // them, says before at which, and may block there.
    static base::Result<Watcher> create(
        std::vector<std::filesystem::path> directories,
        Looking looking = [](std::filesystem::path const&) {}
    );

    int fd() const { return fd_.get(); } // non-blocking; readable when there is something

    // Takes what is queued; true when a directory, or what is in it, may have changed. Names
    // that begin with a dot do not count: that is how files are written before they are renamed.
    bool changed();

    // Why a directory that is there is not watched; nothing = all are.
    std::optional<base::Error> const& problem() const { return problem_; }

    // True when a path leads to another directory than before. Asked after a mount, of which
    // inotify tells nothing.
    bool leads_elsewhere();

private:
    // What is to be watched of one directory.
    struct Place {
        std::uint32_t mask = 0;
        bool leaf = false;                  // one that was asked for: all in it counts
        std::set<std::string> awaited = {}; // else only these names below it
        bool operator==(Place const&) const = default;
    };

    struct Watch {
        std::filesystem::path path = {};
        Place place = {};
    };

    using Places = std::map<std::filesystem::path, Place>;

    Watcher(base::UniqueFd fd, std::vector<std::filesystem::path> directories, Looking looking);
    Places places() const;
    void watch(Places const& places);
    bool watch_all();
    bool concerns(int watch, std::uint32_t mask, std::string const& name) const;

    base::UniqueFd fd_;
    std::vector<std::filesystem::path> directories_;
    Looking looking_;
    std::map<int, Watch> watched_;               // by watch descriptor
    std::map<std::filesystem::path, int> leads_; // the watch descriptor a path leads to
    std::optional<base::Error> problem_;
};

} // namespace livepatch::repository
