// Directories that only root can have put something into.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <filesystem>

namespace livepatch::repository {

enum class FileSystems { local, any };

// Opens an absolute path component by component. Refused (verification_failed): a symbolic link on
// the way, a component that belongs to neither root nor us, one that group or others may write
// unless it is sticky (with an ACL the group bits are its mask, acl(5), so they speak for every
// named user too), and, unless `any`, a network or FUSE file system. A component that does not
// exist: not_found.
base::Result<base::UniqueFd>
open_safe_directory(std::filesystem::path const& path, FileSystems allowed);

// Opens a regular file in it under the same rules.
base::Result<base::UniqueFd>
open_safe_file(int directory, std::string const& name, std::filesystem::path const& shown_as);

} // namespace livepatch::repository
