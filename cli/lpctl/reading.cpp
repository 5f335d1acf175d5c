#include "lpctl/reading.hpp"

#include "base/file.hpp"
#include "cli/nearest.hpp"
#include "kernel/tasks.hpp"
#include "report/report_json.hpp"

#include <cerrno>
#include <utility>

namespace livepatch::lpctl {

namespace {

// Ten thousand patches with their functions; what is larger is not ours.
constexpr std::size_t largest_status = 64UL * 1024 * 1024;

void read_status_file(Context const& context, Facts& facts) {
    auto const text = base::read_file(context.status_file, largest_status);
    if (!text) {
        if (text.error().os_error != ENOENT)
            facts.problem = base::describe(text.error());
        return;
    }
    auto report = report::report_from_json(*text, context.status_file.string());
    if (report)
        facts.remembered = std::move(*report);
    else
        facts.problem = base::describe(report.error());
}

// Without the daemon nobody has counted; who may read all tasks can do it.
void count_tasks(Context const& context, View& view) {
    if (view.tasks_known || view.transition() == nullptr)
        return;
    int const target = view.transition()->state == base::PatchState::enabling ? 1 : 0;
    auto const scan = kernel::ProcTaskScanner(context.root).scan(target);
    if (!scan || scan->unreadable != 0)
        return;
    for (auto& patch : view.report.patches)
        if (patch.transition)
            patch.transition->tasks_remaining = static_cast<std::uint32_t>(scan->tasks.size());
    view.tasks_known = true;
}

} // namespace

Outcome<View> read_view(Context const& context, bool daemon_running) {
    Facts facts;
    facts.daemon_running = daemon_running;
    auto identity = kernel::identify(context.root);
    if (!identity)
        return Failure(identity.error());
    facts.kernel = *std::move(identity);
    // The report before the kernel: a patch that the report has as loaded is then seen, or is
    // really gone. The other way round one that the daemon has just loaded would look gone.
    read_status_file(context, facts);
    auto observed = kernel::LivepatchTree(context.root).observe();
    if (observed)
        facts.observed = *std::move(observed);
    else if (observed.error().code != base::Errc::unsupported)
        return Failure(observed.error());
    auto view = overlay(std::move(facts));
    count_tasks(context, view);
    return view;
}

Outcome<Reading> read_all(Context const& context) {
    auto daemon = dbus_client::Daemon::reach(context.bus_address, context.patience.bus);
    auto view = read_view(context, daemon.has_value());
    if (!view)
        return view.error();
    Reading reading{.view = *std::move(view), .daemon = std::nullopt};
    if (daemon)
        reading.daemon = std::move(*daemon);
    else
        reading.no_daemon = daemon.error();
    return reading;
}

std::string suggestion(View const& view, std::string_view name_or_id) {
    std::vector<std::string> words;
    for (auto const& patch : view.report.patches) {
        words.push_back(patch.name);
        if (patch.id != patch.name)
            words.push_back(patch.id);
    }
    auto const meant = cli::nearest(name_or_id, words);
    return meant.empty() ? meant : "did you mean '" + meant + "'?";
}

Outcome<report::PatchReport const*> find_patch(View const& view, std::string_view name_or_id) {
    if (auto const* patch = view.find(name_or_id))
        return patch;
    auto remedy = suggestion(view, name_or_id);
    return Failure(base::Error{
        .code = base::Errc::not_found,
        .subject = std::string(name_or_id),
        .cause = "no such patch",
        .remedy = remedy.empty() ? "see 'lpctl list'" : std::move(remedy)});
}

} // namespace livepatch::lpctl
