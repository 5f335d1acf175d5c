// The daemon's view of the tasks: the helper's, or its own when the helper cannot be had.
#pragma once

#include "base/error.hpp"
#include "kernel/tasks.hpp"

#include <chrono>
#include <functional>
#include <optional>

namespace livepatch::tasks {

class HelpedTaskScanner : public kernel::TaskScanner {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    // Called on the thread that scans: with the error when the helper is first found missing, with
    // none when it is there again.
    using Notify = std::function<void(std::optional<base::Error> const&)>;

    // A helper that kept us waiting in vain is not asked again for so long, and longer each time.
    static constexpr std::chrono::seconds shortest_pause{5};
    static constexpr std::chrono::seconds longest_pause{320};

    HelpedTaskScanner(
        kernel::TaskScanner& helper,
        kernel::TaskScanner& own,
        Notify notify,
        Clock now = std::chrono::steady_clock::now
    );

    // Without the helper what may not be read is counted, and `unhelped` says why.
    base::Result<kernel::TaskScan> scan(int target) override;

private:
    base::Result<kernel::TaskScan> scan_alone(int target);

    kernel::TaskScanner& helper_;
    kernel::TaskScanner& own_;
    Notify notify_;
    Clock now_;
    std::optional<base::Error> missing_;
    std::chrono::seconds pause_ = shortest_pause;
    std::chrono::steady_clock::time_point not_before_{};
};

} // namespace livepatch::tasks
