#include "lpctl/overlay.hpp"

#include "report/report_json.hpp"
#include "report/without_daemon.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace livepatch::lpctl {

namespace {

using base::PatchState;
using report::Disposition;
using report::Health;
using report::PatchReport;

bool has(std::vector<std::string> const& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

void add_once(std::vector<std::string>& words, std::string_view word) {
    if (!has(words, word))
        words.emplace_back(word);
}

std::vector<report::FunctionReport> live_functions(kernel::ObservedPatch const& live) {
    bool const active = live.state == PatchState::enabled || base::in_transition(live.state);
    std::vector<report::FunctionReport> functions;
    for (auto const& object : live.objects)
        for (auto const& function : object.functions)
            functions.push_back({object.name, function.name, object.patched.value_or(active)});
    return functions;
}

void nothing_patched(PatchReport& patch) {
    for (auto& function : patch.functions)
        function.patched = false;
}

// The transition that was remembered is the one that runs only if it goes the same way.
void set_transition(PatchReport& patch, PatchState live) {
    if (!base::in_transition(live))
        patch.transition.reset();
    else if (!patch.transition || patch.state != live)
        patch.transition = report::TransitionReport{};
}

void take_live(PatchReport& patch, kernel::ObservedPatch const& live) {
    set_transition(patch, live.state);
    patch.state = live.state;
    if (patch.version.empty())
        patch.version = live.version;
    if (live.replace)
        patch.replace = *live.replace ? report::Replace::yes : report::Replace::no;
    if (live.pinned)
        add_once(patch.flags, "forced");
    if (!live.objects.empty())
        patch.functions = live_functions(live);
    else
        nothing_patched(patch);
}

PatchReport unmanaged(kernel::ObservedPatch const& live) {
    PatchReport patch;
    patch.name = live.name;
    patch.id = live.name;
    patch.disposition = Disposition::unmanaged;
    take_live(patch, live);
    return patch;
}

// The daemon knew of a file, not of a load: whoever loads while it is away is somebody else.
void loaded_meanwhile(PatchReport& patch) {
    patch.disposition = Disposition::unmanaged;
    patch.reason = "loaded while livepatchd was not running";
    patch.source.clear();
    patch.sha256.clear();
    patch.signer.clear();
    patch.version.clear();
}

void gone(PatchReport& patch) {
    bool const was_loaded = patch.state != PatchState::absent;
    patch.state = PatchState::absent;
    patch.transition.reset();
    patch.loaded_at = {};
    nothing_patched(patch);
    bool const ours_to_say =
        patch.disposition == Disposition::managed || patch.disposition == Disposition::unmanaged;
    if (!was_loaded || !ours_to_say)
        return;
    bool const offered = !patch.candidates.empty();
    patch.disposition = offered ? Disposition::available : Disposition::rejected;
    patch.reason = offered ? "not in the kernel any more"
                           : "not in the kernel any more, and no source offers it";
}

void correct_patches(View& view, Facts const& facts) {
    auto& patches = view.report.patches;
    kernel::Observation const nothing;
    auto const& observed = facts.observed ? *facts.observed : nothing;
    std::erase_if(patches, [&](auto const& patch) {
        return patch.disposition == Disposition::unmanaged && patch.candidates.empty() &&
               observed.find(patch.name) == nullptr;
    });
    for (auto& patch : patches) {
        auto const* live = observed.find(patch.name);
        if (live == nullptr) {
            gone(patch);
            continue;
        }
        if (patch.state == PatchState::absent && !facts.daemon_running)
            loaded_meanwhile(patch);
        take_live(patch, *live);
    }
    for (auto const& live : observed.patches)
        if (std::ranges::find(patches, live.name, &PatchReport::name) == patches.end())
            patches.push_back(unmanaged(live));
    std::ranges::sort(patches, {}, &PatchReport::name);
}

void correct_health(View& view, Facts const& facts) {
    auto& report = view.report;
    if (!facts.daemon_running) {
        report::leave_without_daemon(report);
    } else if (!facts.remembered && !facts.problem.empty()) {
        report.health_reasons.push_back("status-unreadable: " + facts.problem);
        report.health = Health::degraded;
    } else if (!facts.remembered) {
        add_once(report.health_reasons, no_status_yet);
        report.health = Health::pending;
    }
    if (!report.kernel.livepatch) {
        add_once(report.health_reasons, kernel_without_livepatch);
        report.health = Health::unsupported;
    } else if (report.health == Health::unsupported && !facts.daemon_running) {
        report.health = Health::degraded;
    }
}

} // namespace

PatchReport const* View::find(std::string_view name_or_id) const {
    auto found = std::ranges::find(report.patches, name_or_id, &PatchReport::name);
    if (found == report.patches.end())
        found = std::ranges::find(report.patches, name_or_id, &PatchReport::id);
    return found == report.patches.end() ? nullptr : &*found;
}

PatchReport const* View::transition() const {
    auto const found = std::ranges::find_if(report.patches, [](auto const& patch) {
        return base::in_transition(patch.state);
    });
    return found == report.patches.end() ? nullptr : &*found;
}

View overlay(Facts facts) {
    View view{.report = {}, .daemon_running = facts.daemon_running};
    // What was written about another kernel is worth nothing (kexec keeps no /run, but a container
    // may see the /run of another host).
    if (facts.remembered && facts.remembered->kernel.release != facts.kernel.release)
        facts.remembered.reset();
    if (facts.remembered)
        view.report = *facts.remembered;
    view.remembered = facts.remembered.has_value();
    view.report.kernel = {
        facts.kernel.release, facts.kernel.version, facts.kernel.build_id, facts.kernel.livepatch};
    if (!facts.daemon_running)
        view.report.stage = report::Stage::idle;
    correct_patches(view, facts);
    correct_health(view, facts);
    if (auto const* moving = view.transition())
        view.tasks_known = facts.daemon_running && moving->transition->since != report::Time();
    return view;
}

nlohmann::ordered_json view_json(View const& view) {
    auto json = report::to_json(view.report, view.daemon_running ? "running" : "absent");
    if (!view.tasks_known)
        for (auto& patch : json["patches"])
            if (auto& transition = patch["transition"]; !transition.is_null())
                transition["tasks_remaining"] = nullptr;
    return json;
}

} // namespace livepatch::lpctl
