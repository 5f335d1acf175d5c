#include "base/directory.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <string_view>

namespace livepatch::base {

Result<std::vector<std::string>>
list_directory(std::filesystem::path const& path, std::size_t limit) {
    struct Close {
        void operator()(DIR* directory) const { ::closedir(directory); }
    };

    std::unique_ptr<DIR, Close> const directory(::opendir(path.c_str()));
    if (!directory)
        return system_error(path.string(), "cannot open", errno);

    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        auto const* entry = ::readdir(directory.get());
        if (entry == nullptr && errno != 0)
            return system_error(path.string(), "cannot list", errno);
        if (entry == nullptr)
            break;
        std::string_view const name = entry->d_name;
        if (name == "." || name == "..")
            continue;
        if (names.size() == limit) {
            return Error{
                .code = Errc::limits_exceeded,
                .subject = path.string(),
                .cause = "more than " + std::to_string(limit) + " entries",
                .remedy = {},
            };
        }
        names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace livepatch::base
