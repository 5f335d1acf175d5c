// lpctl list: every patch there is, a line each.
// --json: {"schema":1,"daemon":"running|absent","patches":[…as in status.json…]}
//
// Of another kernel: what signed repositories have for it, as the daemon read them last.
// --json: {"schema":1,"daemon":"running|absent","release","patches":[…],"problems":[…]}, as in
// other_kernels of status.json

#include "base/text.hpp"
#include "lpctl/overlay.hpp"
#include "lpctl/reading.hpp"
#include "lpctl/table.hpp"
#include "lpctl/verbs.hpp"
#include "lpctl/wording.hpp"
#include "report/report_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace livepatch::lpctl {

namespace {

std::string words_of(std::vector<std::string> const& words) {
    return fmt::format("{}", fmt::join(words, ","));
}

// Only catalogues have them.
bool says_what_it_mends(report::PatchReport const& patch) {
    return !patch.severity.empty() || !patch.cves.empty();
}

std::string list_text(View const& view, Terminal const& terminal, Wall now) {
    auto const& patches = view.report.patches;
    bool const with_cves = std::ranges::any_of(patches, says_what_it_mends);
    std::vector<std::string> titles{"PATCH", "STATE", "DISPOSITION", "VERSION"};
    if (with_cves)
        titles.insert(titles.end(), {"SEVERITY", "CVES"});
    titles.insert(titles.end(), {"SOURCE", "REASON"});
    Table table(std::move(titles));
    for (auto const& patch : patches) {
        std::vector<Cell> cells{
            {patch.name},
            {state_text(patch, view.tasks_known, now), state_tone(patch)},
            {std::string(name(patch.disposition))},
            {patch.version}};
        if (with_cves)
            cells.insert(cells.end(), {{patch.severity}, {words_of(patch.cves)}});
        cells.insert(cells.end(), {{patch.source}, {patch.reason}});
        table.add(std::move(cells));
    }
    return table.draw(terminal);
}

Failure not_installed(report::Report const& report, std::string const& release) {
    std::vector<std::string> known{report.kernel.release};
    for (auto const& kernel : report.other_kernels)
        known.push_back(kernel.release);
    return base::Error{
        .code = base::Errc::not_found,
        .subject = "kernel " + release,
        .cause = "no such kernel is installed, or no signed repository was asked about it",
        .remedy = fmt::format("known are: {}", fmt::join(known, ", "))};
}

std::string ahead_text(report::OtherKernelReport const& kernel, Terminal const& terminal) {
    Table table({"PATCH", "READY", "VERSION", "SEVERITY", "CVES", "SOURCE", "REASON"});
    for (auto const& patch : kernel.patches)
        table.add(
            {{patch.name},
             {patch.ready ? "yes" : "no", patch.ready ? Tone::good : Tone::plain},
             {patch.version},
             {patch.severity},
             {words_of(patch.cves)},
             {patch.source},
             {patch.reason}}
        );
    return table.draw(terminal);
}

Outcome<int> list_ahead(Context& context, View const& view, ListOptions const& options) {
    auto const& kernels = view.report.other_kernels;
    auto const kernel =
        std::ranges::find(kernels, options.kernel, &report::OtherKernelReport::release);
    if (kernel == kernels.end())
        return not_installed(view.report, options.kernel);
    if (options.json) {
        Json json{
            {"schema", report::schema_version},
            {"daemon", view.daemon_running ? "running" : "absent"}};
        json.update(report::to_json(*kernel));
        context.print(json);
        return exit_status::done;
    }
    for (auto const& problem : kernel->problems)
        context.err << "lpctl: " << base::escaped(problem) << '\n';
    if (!kernel->patches.empty())
        context.out << ahead_text(*kernel, context.out_terminal);
    else if (kernel->problems.empty())
        context.err << "No livepatches: nothing is published for this kernel.\n";
    return exit_status::done;
}

} // namespace

Outcome<int> list(Context& context, ListOptions const& options) {
    auto const reading = read_all(context);
    if (!reading)
        return reading.error();
    if (!options.kernel.empty() && options.kernel != reading->view.report.kernel.release)
        return list_ahead(context, reading->view, options);
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
