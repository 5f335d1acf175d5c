// Directories that only root can have put something into.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace livepatch::repository {

enum class FileSystems { local, any };

// Opens an absolute path component by component. Refused (verification_failed): a symbolic link on
// the way, a component that belongs to neither root nor us, one that group or others may write
// unless it is sticky (with an ACL the group bits are its mask, acl(5), so they speak for every
// named user too), and, unless `any`, a network or FUSE file system. A component that does not
// exist: not_found.
base::Result<base::UniqueFd>
open_safe_directory(std::filesystem::path const& path, FileSystems allowed);

// Whether what lies there is what another machine or a process says, by the kind of the file system
// (statfs(2): f_type).
bool is_remote_file_system(std::uint32_t type);

// The last of these rules alone.
base::Result<void> check_file_system(int directory, std::filesystem::path const& path);

// Opens a regular file in it under the same rules.
base::Result<base::UniqueFd>
open_safe_file(int directory, std::string const& name, std::filesystem::path const& shown_as);

// Whether somebody else may have put this name there, of whatever kind it is: others may write the
// (sticky) directory, and it belongs to neither root nor us, or is gone by now.
bool may_be_of_others(int directory, std::string const& name);

} // namespace livepatch::repository
