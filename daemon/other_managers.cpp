#include "other_managers.hpp"

#include "base/directory.hpp"

#include <sys/stat.h>

#include <array>
#include <string_view>

namespace livepatch::daemon {

namespace {

constexpr std::size_t most_entries = 4096;

struct Manager {
    std::string_view unit;
    std::string_view name;
};

constexpr std::array<Manager, 8> managers{{
    {"kpatch.service", "kpatch"},
    {"snap.canonical-livepatch.canonical-livepatchd.service", "Canonical Livepatch"},
    {"canonical-livepatchd.service", "Canonical Livepatch"},
    {"uptrack.service", "Ksplice Uptrack"},
    {"uptrack-prefetch.service", "Ksplice Uptrack"},
    {"kcare.service", "KernelCare"},
    {"syscare.service", "SysCare"},
    {"syscared.service", "SysCare"},
}};

bool is_there(std::filesystem::path const& path) {
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0; // what an enabled unit leads to may be missing
}

} // namespace

std::vector<std::string> other_managers(std::filesystem::path const& directory) {
    std::vector<std::string> found;
    auto const names = base::list_directory(directory, most_entries);
    if (!names)
        return found;
    for (auto const& name : *names) {
        if (!name.ends_with(".wants"))
            continue;
        for (auto const& manager : managers)
            if (is_there(directory / name / manager.unit))
                found.push_back(
                    std::string(manager.name) +
                    " loads livepatches on this host too; let one of "
                    "them do it: systemctl disable " +
                    std::string(manager.unit)
                );
    }
    return found;
}

} // namespace livepatch::daemon
