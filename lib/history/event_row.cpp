#include "history/event_row.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace livepatch::history {

namespace {

using std::chrono::microseconds;

// The order in insert_row and select_rows.
enum Column {
    time,
    event,
    outcome,
    patch,
    id,
    version,
    sha256,
    signer,
    source,
    trigger,
    uid,
    sender,
    unit,
    reason,
    message,
    verify,
    load,
    transition,
    blockers,
    kernel_log,
    kernel,
    boot_id
};

std::string to_text(std::vector<std::string> const& lines) {
    using Handler = nlohmann::json::error_handler_t;
    return nlohmann::json(lines).dump(-1, ' ', false, Handler::replace);
}

std::vector<std::string> to_lines(std::string const& text) {
    std::vector<std::string> lines;
    auto const json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_array())
        for (auto const& line : json)
            if (line.is_string())
                lines.push_back(line);
    return lines;
}

} // namespace

// Durations and times in microseconds, lists as JSON. AUTOINCREMENT: a number is never used again,
// so that whoever follows the table misses nothing.
char const* const create_table = "CREATE TABLE event ("
                                 " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
                                 " time INTEGER NOT NULL,"
                                 " event TEXT NOT NULL,"
                                 " outcome TEXT NOT NULL,"
                                 " patch TEXT NOT NULL,"
                                 " id TEXT NOT NULL,"
                                 " version TEXT NOT NULL,"
                                 " sha256 TEXT NOT NULL,"
                                 " signer TEXT NOT NULL,"
                                 " source TEXT NOT NULL,"
                                 " trigger TEXT NOT NULL,"
                                 " uid INTEGER,"
                                 " sender TEXT NOT NULL,"
                                 " unit TEXT NOT NULL,"
                                 " reason TEXT NOT NULL,"
                                 " message TEXT NOT NULL,"
                                 " verify_usec INTEGER NOT NULL,"
                                 " load_usec INTEGER NOT NULL,"
                                 " transition_usec INTEGER NOT NULL,"
                                 " blockers TEXT NOT NULL,"
                                 " kernel_log TEXT NOT NULL,"
                                 " kernel TEXT NOT NULL,"
                                 " boot_id TEXT NOT NULL"
                                 ") STRICT;"
                                 "CREATE INDEX of_patch ON event (patch, seq)";

#define LIVEPATCH_HISTORY_COLUMNS                                                                  \
    "time, event, outcome, patch, id, version, sha256, signer, source, trigger, uid, sender, "     \
    "unit, "                                                                                       \
    "reason, message, verify_usec, load_usec, transition_usec, blockers, kernel_log, kernel, "     \
    "boot_id"

// A daemon that was killed may have told what its own record does not know yet, and the next one
// tells it again. Where a patch is, is told once: between two of a kind another one lies.
char const* const insert_row =
    "INSERT INTO event (" LIVEPATCH_HISTORY_COLUMNS ")"
    " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
    " ?19, ?20, ?21, ?22"
    " WHERE ?2 NOT IN ('loaded', 'enabled', 'disabling', 'disabled', 'removed', 'replaced')"
    " OR (?2, ?7, ?22) IS NOT"
    " (SELECT event, sha256, boot_id FROM event WHERE patch = ?4 ORDER BY seq DESC LIMIT 1)";

char const* const select_rows =
    "SELECT " LIVEPATCH_HISTORY_COLUMNS " FROM event"
    " WHERE (?1 = '' OR patch = ?1 OR id = ?1) AND (?2 = 0 OR time >= ?2)"
    " ORDER BY seq DESC LIMIT ?3";

void bind_row(Statement& statement, report::Event const& row) {
    auto const bind = [&](Column column, auto const& value) { statement.bind(column + 1, value); };
    auto const bind_time = [&](Column column, auto duration) {
        bind(column, std::int64_t{std::chrono::duration_cast<microseconds>(duration).count()});
    };
    bind_time(time, row.time.time_since_epoch());
    bind(event, name(row.kind));
    bind(outcome, name(report::outcome(row.kind)));
    bind(patch, row.patch);
    bind(id, row.id);
    bind(version, row.version);
    bind(sha256, row.sha256);
    bind(signer, row.signer);
    bind(source, row.source);
    bind(trigger, name(row.trigger));
    if (row.caller.uid)
        bind(uid, std::int64_t{*row.caller.uid});
    else
        statement.bind_null(uid + 1);
    bind(sender, row.caller.sender);
    bind(unit, row.caller.unit);
    bind(reason, row.reason);
    bind(message, row.message);
    bind_time(verify, row.durations.verify);
    bind_time(load, row.durations.load);
    bind_time(transition, row.durations.transition);
    bind(blockers, to_text(row.blockers));
    bind(kernel_log, to_text(row.kernel_log));
    bind(kernel, row.kernel_release);
    bind(boot_id, row.boot_id);
}

std::optional<report::Event> read_row(Statement const& statement) {
    auto const kind = report::event_kind(statement.text(event));
    if (!kind)
        return std::nullopt;
    auto const text = [&](Column column) { return statement.text(column); };
    auto const duration = [&](Column column) { return microseconds(statement.number(column)); };
    report::Event row{
        .kind = *kind,
        .time = report::Time(duration(time)),
        .patch = text(patch),
        .id = text(id),
        .sha256 = text(sha256),
        .message = text(message),
        .kernel_log = to_lines(text(kernel_log)),
        .version = text(version),
        .signer = text(signer),
        .source = text(source),
        .trigger = report::trigger(text(trigger)).value_or(report::Trigger::daemon),
        .caller = {.sender = text(sender), .unit = text(unit)},
        .reason = text(reason),
        .durations =
            {.verify = duration(verify),
             .load = duration(load),
             .transition = duration(transition)},
        .blockers = to_lines(text(blockers)),
        .boot_id = text(boot_id),
        .kernel_release = text(kernel)};
    if (!statement.is_null(uid))
        row.caller.uid = static_cast<std::uint32_t>(statement.number(uid));
    return row;
}

} // namespace livepatch::history
