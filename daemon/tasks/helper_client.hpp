// Asks livepatch-tasks, which may see what the daemon may not.
#pragma once

#include "base/result.hpp"
#include "kernel/tasks.hpp"

#include <sys/types.h>

#include <chrono>
#include <filesystem>

namespace livepatch::tasks {

class HelperClient : public kernel::TaskScanner {
public:
    // `patience` is for a whole scan, with starting the helper. A socket that anybody but `owner`
    // listens on is not believed.
    HelperClient(std::filesystem::path socket, std::chrono::milliseconds patience, uid_t owner = 0);

    // An error names livepatch-tasks; its os_error is ETIMEDOUT when the patience was at its end.
    base::Result<kernel::TaskScan> scan(int target) override;

private:
    std::filesystem::path socket_;
    std::chrono::milliseconds patience_;
    uid_t owner_;
};

} // namespace livepatch::tasks
