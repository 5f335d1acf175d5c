// lpctl history: what happened, the newest first. Of the daemon, or without it from its database by
// whoever may read that.
// --json:
// {"schema":1,"source":"daemon"|"file","events":[{"time","event","outcome","patch","id","version",
//   "sha256","signer","source","trigger","uid","sender","unit","reason","message","verify_ms","load_ms",
//   "transition_ms","blockers":[],"kernel_log":[],"kernel","boot_id"}]}

#include "dbus_client/daemon.hpp"
#include "history/database.hpp"
#include "lpctl/moment.hpp"
#include "lpctl/reading.hpp"
#include "lpctl/table.hpp"
#include "lpctl/told_event.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace livepatch::lpctl {

namespace {

using Kind = dbus_client::CallError::Kind;

struct Told {
    std::vector<ToldEvent> events;
    bool from_daemon = false;
};

Outcome<Told> read_file(
    Context const& context, HistoryOptions const& options, dbus_client::CallError const& no_daemon
) {
    auto events = history::read_database(
        context.history_file,
        {.patch = options.patch, .since = options.since, .limit = options.limit}
    );
    if (!events && events.error().os_error == EACCES) {
        Failure failure(no_daemon);
        failure.error.cause +=
            ", and without it only root can read " + context.history_file.string();
        return failure;
    }
    Told told;
    if (!events && events.error().os_error == ENOENT)
        return told; // nothing has been written yet
    if (!events)
        return Failure(events.error());
    for (auto& event : *events)
        told.events.push_back(lpctl::told(std::move(event)));
    return told;
}

Outcome<Told> read(Context const& context, HistoryOptions const& options) {
    using std::chrono::microseconds;
    auto daemon = dbus_client::Daemon::reach(context.bus_address, context.patience.bus);
    if (!daemon)
        return read_file(context, options, daemon.error());
    auto const since =
        std::chrono::duration_cast<microseconds>(options.since.time_since_epoch()).count();
    auto const answer = daemon->history(
        {.patch = options.patch,
         .since = static_cast<std::uint64_t>(since),
         .limit = options.limit},
        context.patience.history
    );
    if (!answer) {
        if (answer.error().kind == Kind::refused)
            return Failure(answer.error());
        auto stuck = answer.error();
        stuck.kind = Kind::unreachable;
        return read_file(context, options, stuck);
    }
    Told told{.events = {}, .from_daemon = true};
    for (auto const& event : *answer)
        told.events.push_back(lpctl::told(event));
    return told;
}

Tone tone_of(ToldEvent const& told) {
    if (told.outcome == "failed" || told.outcome == "refused")
        return Tone::bad;
    return told.kind == "enabled" ? Tone::good : Tone::plain;
}

std::string history_text(std::vector<ToldEvent> const& events, Terminal const& terminal) {
    Table table({"TIME", "EVENT", "PATCH", "BY", "WHAT"});
    for (auto const& told : events)
        table.add(
            {{moment_text(told.event.time)},
             {told.kind, tone_of(told)},
             {told.event.patch},
             {who_text(told)},
             {what_text(told)}}
        );
    return table.draw(terminal);
}

Json history_json(Told const& told) {
    auto events = Json::array();
    for (auto const& event : told.events)
        events.push_back(told_json(event));
    return {
        {"schema", report::schema_version},
        {"source", told.from_daemon ? "daemon" : "file"},
        {"events", std::move(events)}};
}

// A name that nobody has ever heard is more likely a wrong one than a patch without a past.
Outcome<void> check_name(Context const& context, std::string const& patch) {
    auto const reading = read_all(context);
    if (!reading)
        return reading.error();
    if (auto const found = find_patch(reading->view, patch); !found)
        return found.error();
    return {};
}

} // namespace

Outcome<int> history(Context& context, HistoryOptions const& options) {
    auto const told = read(context, options);
    if (!told)
        return told.error();
    bool const narrowed = options.since != report::Time();
    if (told->events.empty() && !options.patch.empty() && !narrowed)
        if (auto const known = check_name(context, options.patch); !known)
            return known.error();
    if (options.json) {
        context.print(history_json(*told));
        return exit_status::done;
    }
    if (told->events.empty())
        context.err << "Nothing has happened, as far as the history goes.\n";
    else
        context.out << history_text(told->events, context.out_terminal);
    if (told->events.size() == options.limit)
        context.err << fmt::format("lpctl: the newest {}; see --limit\n", options.limit);
    return exit_status::done;
}

} // namespace livepatch::lpctl
