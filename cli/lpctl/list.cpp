// lpctl list: every patch there is, a line each.
// --json: {"schema":1,"daemon":"running|absent","patches":[…as in status.json…]}

#include "lpctl/reading.hpp"
#include "lpctl/table.hpp"
#include "lpctl/verbs.hpp"
#include "lpctl/wording.hpp"

namespace livepatch::lpctl {

namespace {

std::string list_text(View const& view, Terminal const& terminal, Wall now) {
    Table table({"PATCH", "STATE", "DISPOSITION", "VERSION", "SOURCE", "REASON"});
    for (auto const& patch : view.report.patches) {
        auto const tone = state_tone(patch);
        table.add(
            {{patch.name},
             {state_text(patch, view.tasks_known, now), tone},
             {std::string(name(patch.disposition))},
             {patch.version},
             {patch.source},
             {patch.reason}}
        );
    }
    return table.draw(terminal);
}

} // namespace

Outcome<int> list(Context& context, ListOptions const& options) {
    auto const reading = read_all(context);
    if (!reading)
        return reading.error();
    if (options.json) {
        auto const all = view_json(reading->view);
        context.print(
            {{"schema", all["schema"]}, {"daemon", all["daemon"]}, {"patches", all["patches"]}}
        );
    } else if (reading->view.report.patches.empty()) {
        context.err << "No livepatches: none is loaded and no source offers one.\n";
    } else {
        auto const now = std::chrono::system_clock::now();
        context.out << list_text(reading->view, context.out_terminal, now);
    }
    return exit_status::done;
}

} // namespace livepatch::lpctl
