#include "journal.hpp"

#include "journal_record.hpp"

#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/uio.h>
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
#include <vector>

namespace livepatch::daemon {

namespace {

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
    auto const importance = priority(event.kind);
    if (importance > level)
        return;
    auto const text = journal_message(event);
    if (!to_journal) {
        auto const notice = level < LOG_INFO ? spdlog::level::warn : spdlog::level::info;
        spdlog::log(importance <= LOG_ERR ? spdlog::level::err : notice, "{}", text);
        return;
    }
    auto fields = journal_fields(event);
    fields.push_back("MESSAGE=" + text);
    fields.push_back("PRIORITY=" + std::to_string(importance));
    fields.push_back(std::string("SYSLOG_IDENTIFIER=") + syslog_identifier);
    std::vector<::iovec> parts;
    for (auto& field : fields)
        parts.push_back({field.data(), field.size()});
    ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

void log_task_helper(std::optional<base::Error> const& missing) {
    if (missing)
        spdlog::warn("{}; looking at tasks without it, as far as may be", describe(*missing));
    else
        spdlog::info("livepatch-tasks answers again");
}

} // namespace livepatch::daemon
