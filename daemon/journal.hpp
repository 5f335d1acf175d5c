// Where the daemon's words go: the journal under systemd, else stderr.
#pragma once

#include "base/error.hpp"
#include "report/event.hpp"

#include <optional>

namespace livepatch::daemon {

// Sets up spdlog's default logger; once, at the start.
void start_logging();

// One journal record with fields to search by (LIVEPATCH_NAME, LIVEPATCH_EVENT, MESSAGE_ID), which
// spdlog's sink cannot write.
void log_event(report::Event const& event);

// livepatch-tasks is missing, or is there again.
void log_task_helper(std::optional<base::Error> const& missing);

} // namespace livepatch::daemon
