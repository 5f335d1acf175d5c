#include "journal.hpp"

#include "base/text.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-journal.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <syslog.h>

namespace livepatch::daemon {

namespace {

// Made once with `systemd-id128 new`; the catalogue in systemd/ explains them.
constexpr auto operation_id = "8f0a4c3d6d5b4e0c9c1f6a2b7d3e5f10";
constexpr auto failure_id = "2b9d1e7f4a6c4d3b8e5f0c1a9b7d6e42";

bool to_journal() {
    return std::getenv("JOURNAL_STREAM") != nullptr;
}

bool is_failure(report::EventKind kind) {
    return kind == report::EventKind::load_failed || kind == report::EventKind::operation_failed;
}

int priority(report::EventKind kind) {
    if (is_failure(kind))
        return LOG_ERR;
    return kind == report::EventKind::foreign_change ? LOG_WARNING : LOG_NOTICE;
}

} // namespace

void start_logging() {
    std::shared_ptr<spdlog::logger> logger;
    if (to_journal()) {
        logger = std::make_shared<spdlog::logger>(
            "livepatchd", std::make_shared<spdlog::sinks::systemd_sink_mt>("livepatchd")
        );
    } else {
        logger = std::make_shared<spdlog::logger>(
            "livepatchd", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()
        );
    }
    spdlog::set_default_logger(std::move(logger));
}

void log_event(report::Event const& event) {
    auto text = base::escaped(event.message);
    for (auto const& line : event.kernel_log)
        text += "\n  kernel: " + base::escaped(line);
    if (!to_journal()) {
        if (is_failure(event.kind))
            spdlog::error("{}", text);
        else
            spdlog::info("{}", text);
        return;
    }
    auto const kind = std::string(name(event.kind));
    ::sd_journal_send(
        "MESSAGE=%s",
        text.c_str(),
        "PRIORITY=%i",
        priority(event.kind),
        "MESSAGE_ID=%s",
        is_failure(event.kind) ? failure_id : operation_id,
        "SYSLOG_IDENTIFIER=livepatchd",
        "LIVEPATCH_NAME=%s",
        base::escaped(event.patch).c_str(),
        "LIVEPATCH_SHA256=%s",
        event.sha256.c_str(),
        "LIVEPATCH_EVENT=%s",
        kind.c_str(),
        nullptr
    );
}

void log_task_helper(std::optional<base::Error> const& missing) {
    if (missing)
        spdlog::warn("{}; looking at tasks without it, as far as may be", describe(*missing));
    else
        spdlog::info("livepatch-tasks answers again");
}

} // namespace livepatch::daemon
