// How far the kernel's log has been read in this boot: the daemon that comes next goes on there, so
// that what the kernel prints while none runs is not missed.
#pragma once

#include "base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace livepatch::daemon {

// One small file of fixed size. A hint like the log itself: without it the log is read from its
// beginning.
class LogMark {
public:
    LogMark(std::filesystem::path path, std::string boot_id);

    // The first record that nobody was through with; 0 = all that there are.
    std::uint64_t next() const { return next_; }

    // One write, into the page that the file has already; none when nothing has changed.
    void put(std::uint64_t next);

private:
    std::string boot_id_;
    base::UniqueFd fd_; // empty when it cannot be opened
    std::uint64_t next_ = 0;
};

} // namespace livepatch::daemon
