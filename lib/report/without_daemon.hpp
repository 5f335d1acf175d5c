// What a report says once the daemon is not there any more.
#pragma once

#include "report/report.hpp"

#include <string_view>

namespace livepatch::report {

inline constexpr std::string_view daemon_not_running = "daemon-not-running";

// Nobody watches any more, so nobody can call it ok; what the kernel cannot do it still cannot.
void leave_without_daemon(Report& report);

} // namespace livepatch::report
