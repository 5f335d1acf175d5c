#include "repository/trust_reset.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"

#include <sys/stat.h>

#include <cerrno>

namespace livepatch::repository {

base::Result<void> TrustReset::tell(std::string const& source, std::string const& mark) const {
    bool const is_there = ::mkdir(directory_.c_str(), 0755) == 0 || errno == EEXIST;
    // Not by mkdir's mode: the umask of the service is 0077.
    if (!is_there || ::chmod(directory_.c_str(), 0755) != 0)
        return base::system_error(directory_.string(), "cannot make the directory", errno);
    if (auto good = base::sync_directory(directory_.parent_path()); !good)
        return good;
    return base::replace_file(directory_ / source, mark, 0644, base::Durability::power_cut);
}

std::string TrustReset::newest(std::string const& source) const {
    auto const mark = base::read_file(directory_ / source);
    return mark ? *mark : std::string();
}

} // namespace livepatch::repository
