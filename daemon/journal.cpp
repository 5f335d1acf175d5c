#include "journal.hpp"

#include "base/text.hpp"

#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-journal.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <syslog.h>
#include <utility>

namespace livepatch::daemon {

namespace {

// Made once with `systemd-id128 new`; the catalogue in systemd/ explains them.
constexpr auto operation_id = "8f0a4c3d6d5b4e0c9c1f6a2b7d3e5f10";
constexpr auto failure_id = "2b9d1e7f4a6c4d3b8e5f0c1a9b7d6e42";

// By syslog's numbers.
constexpr std::array<std::string_view, 8> levels{
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

// spdlog's own levels know no notice: with it, only events are logged that spdlog does not see.
constexpr std::array<spdlog::level::level_enum, 8> spdlog_levels{
    spdlog::level::critical,
    spdlog::level::critical,
    spdlog::level::critical,
    spdlog::level::err,
    spdlog::level::warn,
    spdlog::level::warn,
    spdlog::level::info,
    spdlog::level::debug};

// Of this process, as its default logger is. Only the loop's thread changes them; the workers log
// what spdlog writes, by a logger that stays and whose sinks are changed under its lock.
bool to_journal = false; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
int level = LOG_INFO;    // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void use_target(bool journal) {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (journal)
        sink = std::make_shared<spdlog::sinks::systemd_sink_mt>(syslog_identifier);
    else
        sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    static auto const sinks = std::make_shared<spdlog::sinks::dist_sink_mt>();
    static std::once_flag once;
    std::call_once(once, [] {
        spdlog::set_default_logger(std::make_shared<spdlog::logger>(syslog_identifier, sinks));
        spdlog::set_level(spdlog_levels.at(static_cast<std::size_t>(level)));
    });
    sinks->set_sinks({std::move(sink)});
    to_journal = journal;
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
    use_target(std::getenv("JOURNAL_STREAM") != nullptr);
}

std::string log_level() {
    return std::string(levels.at(static_cast<std::size_t>(level)));
}

bool set_log_level(std::string_view name) {
    auto const* const found = std::find(levels.begin(), levels.end(), name);
    if (found == levels.end())
        return false;
    level = static_cast<int>(found - levels.begin());
    spdlog::set_level(spdlog_levels.at(static_cast<std::size_t>(level)));
    return true;
}

std::string log_target() {
    return to_journal ? "journal" : "console";
}

bool set_log_target(std::string_view name) {
    if (name != "journal" && name != "console")
        return false;
    use_target(name == "journal");
    return true;
}

void log_event(report::Event const& event) {
    if (priority(event.kind) > level)
        return;
    auto text = base::escaped(event.message);
    for (auto const& line : event.kernel_log)
        text += "\n  kernel: " + base::escaped(line);
    if (!to_journal) {
        auto const notice = level < LOG_INFO ? spdlog::level::warn : spdlog::level::info;
        spdlog::log(is_failure(event.kind) ? spdlog::level::err : notice, "{}", text);
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
        "SYSLOG_IDENTIFIER=%s",
        syslog_identifier,
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
