// lpctl blockers: the tasks that the running transition waits for.
// --json: {"schema":1,"patch":"…"|null,"state","since":"…"|null,"source":"daemon"|"proc",
//   "unreadable":N,"tasks":[{"pid","tid","comm","kind","unit","container","state","wchan","stack":[],
//   "function","class","advice"}]}; patch is null while no transition runs.

#include "base/text.hpp"
#include "lpctl/blocker_list.hpp"
#include "lpctl/reading.hpp"
#include "lpctl/table.hpp"
#include "lpctl/verbs.hpp"
#include "lpctl/wording.hpp"
#include "report/report_json.hpp"

#include <fmt/format.h>

#include <set>

namespace livepatch::lpctl {

namespace {

Json blocker_json(Blocker const& task) {
    return {
        {"pid", task.pid},
        {"tid", task.tid},
        {"comm", task.comm},
        {"kind", task.kind},
        {"unit", task.unit},
        {"container", task.container},
        {"state", task.state},
        {"wchan", task.wchan},
        {"stack", task.stack},
        {"function", task.function},
        {"class", task.reason},
        {"advice", task.advice}};
}

Json blockers_json(report::PatchReport const* patch, BlockerList const& list) {
    auto tasks = Json::array();
    for (auto const& task : list.tasks)
        tasks.push_back(blocker_json(task));
    Json since = nullptr;
    if (patch != nullptr && patch->transition->since != report::Time())
        since = base::rfc3339(patch->transition->since);
    return {
        {"schema", report::schema_version},
        {"patch", patch == nullptr ? Json(nullptr) : Json(patch->name)},
        {"state", patch == nullptr ? Json(nullptr) : Json(base::name(patch->state))},
        {"since", std::move(since)},
        {"source", list.from_daemon ? "daemon" : "proc"},
        {"unreadable", list.unreadable},
        {"tasks", std::move(tasks)}};
}

std::string table_text(BlockerList const& list, Terminal const& terminal) {
    Table table({"TID", "COMMAND", "KIND", "STATE", "UNIT", "WAITS IN", "PATCHED FUNCTION"});
    for (auto const& task : list.tasks)
        table.add(
            {{std::to_string(task.tid)},
             {task.comm},
             {task.kind},
             {task.state},
             {task.container.empty() ? task.unit : task.container + "/" + task.unit},
             {task.wchan},
             {task.function, Tone::strong}}
        );
    return table.draw(terminal);
}

// Many tasks may share one piece of advice.
std::string advice_text(BlockerList const& list) {
    std::set<std::string> told;
    std::string text;
    for (auto const& task : list.tasks)
        if (!task.advice.empty() && told.insert(task.advice).second)
            text += base::escaped(task.advice) + "\n";
    return text.empty() ? text : "\n" + text;
}

std::string blockers_text(
    View const& view,
    report::PatchReport const& patch,
    BlockerList const& list,
    Terminal const& terminal
) {
    auto const now = std::chrono::system_clock::now();
    auto text = base::escaped(patch.name) + ": " + state_text(patch, view.tasks_known, now) + "\n";
    if (!list.tasks.empty())
        return text + table_text(list, terminal) + advice_text(list);
    if (list.unreadable == 0)
        text += "No task blocks it: the kernel looks again every second.\n";
    return text;
}

std::string missing_text(BlockerList const& list) {
    if (list.unreadable == 0)
        return {};
    return fmt::format(
        "lpctl: {} {} not be looked at and may block too; run this as root\n",
        list.unreadable,
        list.unreadable == 1 ? "task can" : "tasks can"
    );
}

} // namespace

Outcome<int> blockers(Context& context, BlockersOptions const& options) {
    auto reading = read_all(context);
    if (!reading)
        return reading.error();
    auto const& view = reading->view;
    auto const* patch = view.transition();
    if (patch == nullptr) {
        if (options.json)
            context.print(blockers_json(nullptr, {}));
        else
            context.out << "No transition is running: nothing is blocked.\n";
        return exit_status::done;
    }
    auto* daemon = reading->daemon ? &*reading->daemon : nullptr;
    auto const list = list_blockers(context, daemon, *patch);
    if (!list)
        return list.error();
    if (options.json)
        context.print(blockers_json(patch, *list));
    else
        context.out << blockers_text(view, *patch, *list, context.out_terminal);
    context.err << missing_text(*list);
    return exit_status::done;
}

} // namespace livepatch::lpctl
