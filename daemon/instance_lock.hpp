// There is one livepatchd: a second one would load patches and write the same files.
#pragma once

#include "base/unique_fd.hpp"

#include <filesystem>

namespace livepatch::daemon {

// Held as long as it lives, by the kernel also after a SIGKILL no longer.
class InstanceLock {
public:
    // Throws std::runtime_error when somebody holds it, or the file cannot be made.
    explicit InstanceLock(std::filesystem::path const& path);

    // Early: when all is written, and only what hangs is left of the process.
    void release();

private:
    base::UniqueFd file_;
};

} // namespace livepatch::daemon
