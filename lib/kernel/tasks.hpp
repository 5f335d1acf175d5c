// The tasks that a transition waits for.
#pragma once

#include "base/result.hpp"
#include "kernel/root.hpp"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::kernel {

struct BlockingTask {
    pid_t pid = 0;
    pid_t tid = 0;
    std::string comm = {}; // untrusted: any user names a task as he likes
    bool kthread = false;
    // Innermost systemd service or scope of the control group, "" = none. Below user@UID.service
    // and in a container it is one of theirs, and they chose its name.
    std::string unit = {};
    std::string container = {}; // id or machine name of the outermost container, "" = none
    char state = '?';           // as in /proc/PID/stat
    std::string wchan = {};     // "" = not known or not permitted
    // Kernel stack, innermost first, "func+0x1/0x2 [module]"; empty = running, not known or not
    // permitted.
    std::vector<std::string> stack = {};
    uid_t uid = 0; // the effective one
};

struct TaskScan {
    std::vector<BlockingTask> tasks = {}; // sorted by tid
    std::size_t omitted = 0;              // tasks that block as well, but are too many for the list
    std::size_t unreadable = 0; // tasks whose patch_state we may not read: the list may lack them
    // Why there are such: who could have read them was asked, and did not answer.
    std::optional<base::Error> unhelped = {};
};

// There are two: this process reading /proc, and one that asks another process.
class TaskScanner {
public:
    virtual ~TaskScanner() = default;

    // The tasks whose patch_state is neither -1 nor `target` (1 while enabling, 0 while disabling).
    // A task that ends or moves on meanwhile is left out, and what is told of one is of one: an id
    // that is used again mixes nothing up. Reads a file a task: milliseconds for thousands of
    // tasks, so call it on a worker. Idle tasks (swapper/N) block too, but are not in /proc: an
    // empty list does not mean that the transition is over.
    virtual base::Result<TaskScan> scan(int target) = 0;
};

class ProcTaskScanner : public TaskScanner {
public:
    explicit ProcTaskScanner(Root root);
    base::Result<TaskScan> scan(int target) override;

private:
    Root root_;
};

} // namespace livepatch::kernel
