// The Report as a monitoring system scrapes it.
#pragma once

#include "report/event.hpp"
#include "report/report.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace livepatch::report {

using EventCounts = std::map<EventKind, std::uint64_t>;

// In the text format of Prometheus, as its node_exporter's textfile collector takes it. `version`
// is the daemon's, `counts` what has happened since it started. Labels are escaped: names of
// patches come from files.
std::string metrics_text(Report const& report, EventCounts const& counts, std::string_view version);

} // namespace livepatch::report
