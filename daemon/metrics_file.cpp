#include "metrics_file.hpp"

#include "base/atomic_file.hpp"
#include "report/without_daemon.hpp"

#include <spdlog/spdlog.h>

namespace livepatch::daemon {

void MetricsFile::write(report::Report const& report) const {
    auto const text = report::metrics_text(report, counts_, LIVEPATCHD_VERSION);
    auto const written = base::replace_file(path_, text, 0644, base::Durability::until_reboot);
    if (!written)
        spdlog::debug("the metrics are old: {}", describe(written.error()));
}

void MetricsFile::leave(report::Report report) const {
    leave_without_daemon(report);
    write(report);
}

} // namespace livepatch::daemon
