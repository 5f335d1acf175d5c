#include "fetch/mirrors.hpp"

#include "base/directory.hpp"

#include <algorithm>
#include <cerrno>

namespace livepatch::fetch {

// A source that is switched off, or broken, has its file, and keeps its mirror.
base::Result<std::vector<std::string>>
remove_orphans(std::filesystem::path const& mirrors, std::filesystem::path const& sources) {
    auto const files = base::list_directory(sources);
    if (!files)
        return files.error(); // nothing is known of any
    auto const names = base::list_directory(mirrors);
    if (!names)
        return names.error().os_error == ENOENT ? base::Result<std::vector<std::string>>()
                                                : names.error();
    std::vector<std::string> removed;
    for (auto const& name : *names) {
        if (std::ranges::binary_search(*files, name + ".toml"))
            continue;
        std::error_code failed;
        std::filesystem::remove_all(mirrors / name, failed);
        if (failed)
            return base::system_error((mirrors / name).string(), "cannot remove", failed.value());
        removed.push_back(name);
    }
    return removed;
}

} // namespace livepatch::fetch
