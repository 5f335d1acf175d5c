#include "repository/anchor.hpp"

#include "base/file.hpp"
#include "trust/tuf/limits.hpp"

#include <cerrno>
#include <utility>

namespace livepatch::repository {

namespace tuf = trust::tuf;

base::Result<tuf::Document> read_anchor(std::filesystem::path const& path) {
    auto bytes = base::read_file(path, tuf::Limits().root);
    if (bytes)
        return tuf::Document{.subject = path.string(), .bytes = std::move(*bytes)};
    auto error = bytes.error();
    error.code = base::Errc::unreachable;
    if (error.os_error == ENOENT)
        error.remedy = "install the repository's root.json: lpctl trust add";
    return error;
}

} // namespace livepatch::repository
