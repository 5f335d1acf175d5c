// The modules that are known to be no livepatches: nearly all, and none of them ever becomes one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <unordered_map>
#include <vector>

namespace livepatch::kernel {

// By the inode of a module's directory. The kernel numbers them anew for each module, one of the
// same name too, and comes back to a number only after two thousand million others
// (fs/kernfs/dir.c: __kernfs_new_node).
class OrdinaryModules {
public:
    using Time = std::chrono::steady_clock::time_point;

    bool contains(ino64_t directory) const;

    // Its taint flags were read, and say so.
    void add(ino64_t directory);

    // It has no taint flags. Modules that are builtin have none, but neither has one that is only
    // just coming, whose directory the kernel is filling (kernel/module/sysfs.c: mod_sysfs_setup):
    // counts once it has been so twice, a while apart.
    void add_without_flags(ino64_t directory, Time now);

    // It is a livepatch after all.
    void remove(ino64_t directory) { seen_.erase(directory); }

    // Of modules that are gone nothing is remembered: `there` are all that are not.
    void keep(std::vector<ino64_t> there);

    void forget() { seen_.clear(); }

private:
    // Nothing = it is one; a time = no flags were seen then, for the first time.
    std::unordered_map<ino64_t, std::optional<Time>> seen_;
};

} // namespace livepatch::kernel
