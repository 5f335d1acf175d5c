// Tells that something happened in one of the watched directories.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace livepatch::repository {

// inotify on the directories and on every directory above them, so that one that is made, replaced
// or moved away later is noticed. A hint to read again, not a list of changes: several are one.
class Watcher {
public:
    // Absolute paths; they need not exist.
    static base::Result<Watcher> create(std::vector<std::filesystem::path> directories);

    int fd() const { return fd_.get(); } // non-blocking; readable when there is something

    // Takes all that is queued; true when a directory, or what is in it, may have changed. Names
    // that begin with a dot do not count: that is how files are written before they are renamed.
    bool changed();

private:
    struct Place {
        std::filesystem::path path = {};
        bool leaf = false;                  // a directory that was asked for: all in it counts
        std::set<std::string> awaited = {}; // else only these names below it
    };

    Watcher(base::UniqueFd fd, std::vector<std::filesystem::path> directories);
    std::map<std::filesystem::path, Place> places() const;
    void watch_all();
    bool concerns(int watch, std::uint32_t mask, std::string const& name) const;

    base::UniqueFd fd_;
    std::vector<std::filesystem::path> directories_;
    std::map<int, Place> watched_; // by watch descriptor
};

} // namespace livepatch::repository
