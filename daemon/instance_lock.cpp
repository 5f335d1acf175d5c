#include "instance_lock.hpp"

#include "base/error.hpp"

#include <sys/file.h>

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>

namespace livepatch::daemon {

InstanceLock::InstanceLock(std::filesystem::path const& path)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) {
    if (!file_)
        throw std::runtime_error(describe(base::system_error(path.string(), "cannot open", errno)));
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0)
        return;
    if (errno == EWOULDBLOCK)
        throw std::runtime_error(
            path.string() +
            ": another livepatchd runs; see 'systemctl status livepatchd livepatch-reapply'"
        );
    throw std::runtime_error(describe(base::system_error(path.string(), "cannot lock", errno)));
}

void InstanceLock::release() {
    ::flock(file_.get(), LOCK_UN);
}

} // namespace livepatch::daemon
