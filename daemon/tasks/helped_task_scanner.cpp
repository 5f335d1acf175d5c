#include "tasks/helped_task_scanner.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace livepatch::tasks {

HelpedTaskScanner::HelpedTaskScanner(
    kernel::TaskScanner& helper, kernel::TaskScanner& own, Notify notify, Clock now
)
    : helper_(helper),
      own_(own),
      notify_(std::move(notify)),
      now_(std::move(now)) {}

base::Result<kernel::TaskScan> HelpedTaskScanner::scan(int target) {
    if (missing_ && now_() < not_before_)
        return scan_alone(target);
    auto helped = helper_.scan(target);
    if (helped.has_value() == missing_.has_value()) {
        missing_ = helped ? std::nullopt : std::optional(helped.error());
        notify_(missing_);
    }
    if (helped) {
        pause_ = shortest_pause;
        return helped;
    }
    missing_ = helped.error();
    if (missing_->os_error == ETIMEDOUT) {
        not_before_ = now_() + pause_;
        pause_ = std::min(2 * pause_, longest_pause);
    }
    return scan_alone(target);
}

base::Result<kernel::TaskScan> HelpedTaskScanner::scan_alone(int target) {
    auto scan = own_.scan(target);
    if (scan && scan->unreadable != 0)
        scan->unhelped = missing_;
    return scan;
}

} // namespace livepatch::tasks
