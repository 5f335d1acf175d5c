// Whether files are still the ones that were read.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

struct stat;

namespace livepatch::repository {

// What tells that a file is the one that was read; ctime because the others can be set back.
struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::timespec modified{};
    std::timespec changed{};
    bool operator==(Stamp const& other) const;

    // The same but for the ctime, which a rename or a removal changes, too.
    bool same_content(Stamp const& other) const;
};

Stamp stamp_of(struct stat const& status);
std::optional<Stamp> stamp_of(std::filesystem::path const& path); // nothing = it is not there

// Whether it would tell the next change: it was long enough ago that the file changed.
bool is_settled(Stamp const& stamp);

// Changes whenever a file in it, a certificate say, is added, removed or edited.
std::string stamp_of_directory(std::filesystem::path const& directory);

} // namespace livepatch::repository
