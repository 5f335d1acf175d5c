// Where the daemon's words go: the journal under systemd, else stderr.
#pragma once

#include "base/error.hpp"
#include "report/event.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace livepatch::daemon {

// Sets up spdlog's default logger; once, at the start.
void start_logging();

inline constexpr auto syslog_identifier = "livepatchd";

// The least important level that is logged, by syslog's names: emerg, alert, crit, err, warning,
// notice, info, debug. Setting another word changes nothing and is false.
std::string log_level();
bool set_log_level(std::string_view name);

// "journal" or "console" (stderr), likewise.
std::string log_target();
bool set_log_target(std::string_view name);

// One journal record with fields to search by (journal_record.hpp), which spdlog's sink cannot
// write.
void log_event(report::Event const& event);

// livepatch-tasks is missing, or is there again.
void log_task_helper(std::optional<base::Error> const& missing);

} // namespace livepatch::daemon
