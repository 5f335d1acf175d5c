#include "report/without_daemon.hpp"

#include <algorithm>

namespace livepatch::report {

void leave_without_daemon(Report& report) {
    auto& reasons = report.health_reasons;
    if (std::find(reasons.begin(), reasons.end(), daemon_not_running) == reasons.end())
        reasons.emplace_back(daemon_not_running);
    if (report.health != Health::unsupported)
        report.health = Health::degraded;
}

} // namespace livepatch::report
