#include "engine/compose_report.hpp"

#include "base/text.hpp"
#include "engine/other_kernels.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace livepatch::engine {

namespace {

using report::Disposition;
using report::PatchReport;

bool is_managed(Judgement const& judged) {
    return judged.record != nullptr && !judged.record->sha256.empty();
}

// The offer that is reported on: what is loaded, if it is offered; what could be, if nothing is.
repository::Offer const* described(Judgement const& judged) {
    if (judged.observed == nullptr || judged.offer == nullptr)
        return judged.offer;
    bool const same = is_managed(judged) && judged.record->sha256 == judged.offer->sha256;
    return same ? judged.offer : nullptr;
}

report::Replace replace_of(Judgement const& judged) {
    if (judged.observed != nullptr && judged.observed->replace)
        return *judged.observed->replace ? report::Replace::yes : report::Replace::no;
    auto const* offer = described(judged);
    switch (offer == nullptr ? module::Replace::unknown : offer->module.replace) {
    case module::Replace::no:
        return report::Replace::no;
    case module::Replace::yes:
        return report::Replace::yes;
    case module::Replace::unknown:
        break;
    }
    return report::Replace::unknown;
}

// What the kernel shows when it is loaded, else what the file tells.
std::vector<report::FunctionReport> functions_of(Judgement const& judged) {
    std::vector<report::FunctionReport> functions;
    if (judged.observed != nullptr && !judged.observed->objects.empty()) {
        bool const active =
            judged.state == base::PatchState::enabled || in_transition(judged.state);
        for (auto const& object : judged.observed->objects)
            for (auto const& function : object.functions)
                functions.push_back({object.name, function.name, object.patched.value_or(active)});
    } else if (auto const* offer = described(judged)) {
        for (auto const& object : offer->module.objects)
            for (auto const& function : object.functions)
                functions.push_back({object.name, function.name, false});
    }
    return functions;
}

// What is looked up for every patch: a source may have thousands of files, and anybody may ask for
// a report.
struct Index {
    explicit Index(repository::Catalogue const& catalogue) {
        for (auto const& offer : catalogue.offers) {
            by_name[offer.name()].push_back(&offer);
            digests.insert(offer.sha256);
        }
    }

    std::unordered_map<std::string_view, std::vector<repository::Offer const*>> by_name;
    std::unordered_set<std::string_view> digests;
};

std::vector<report::CandidateReport> candidates_of(Index const& index, Judgement const& judged) {
    std::vector<report::CandidateReport> candidates;
    auto const offers = index.by_name.find(judged.name);
    if (offers == index.by_name.end())
        return candidates;
    for (auto const* offer : offers->second)
        candidates.push_back({offer->source, offer->id, offer->sha256, offer == judged.offer});
    return candidates;
}

std::vector<std::string>
flags_of(World const& world, Judgement const& judged, PatchReport const& patch) {
    std::vector<std::string> flags;
    if (judged.observed != nullptr && judged.observed->pinned)
        flags.emplace_back("forced");
    if (world.state.find_pin(patch.sha256) != nullptr)
        flags.emplace_back("pinned");
    if (world.unremovable.contains(judged.name))
        flags.emplace_back("permanent");
    if (world.state.find_hold(patch.sha256) != nullptr ||
        world.state.find_hold_of(patch.id, patch.name) != nullptr)
        flags.emplace_back("held");
    if (world.taken_back(patch.sha256) != nullptr)
        flags.emplace_back("withdrawn");
    auto const* offer = described(judged);
    // What we loaded without a signer was not verified.
    bool const managed = is_managed(judged);
    if (managed ? judged.record->signer.empty() : offer != nullptr && offer->insecure)
        flags.emplace_back("insecure");
    // Nothing names the kernel but its release, which several builds may share.
    if (offer != nullptr ? offer->release_only : managed)
        flags.emplace_back("release-only");
    return flags;
}

// A good verdict of an earlier boot does not end the probation of this one.
report::Probation probation_of(World const& world, Judgement const& judged) {
    bool const there =
        judged.state == base::PatchState::enabled || judged.state == base::PatchState::enabling;
    if (!is_managed(judged))
        return report::Probation::none;
    auto const* quarantine = world.state.find_quarantine(judged.record->sha256);
    if (quarantine != nullptr && quarantine->cause == Quarantine::Cause::harm)
        return report::Probation::failed;
    if (!there)
        return report::Probation::none;
    if (judged.record->proving)
        return world.probation ? report::Probation::running : report::Probation::none;
    bool const good = world.state.is_good(judged.record->sha256, world.kernel);
    return good ? report::Probation::passed : report::Probation::none;
}

PatchReport patch_report(
    World const& world, Index const& index, Judgement const& judged, Circumstances const& now
) {
    PatchReport patch;
    patch.name = judged.name;
    patch.id = judged.name;
    patch.state = judged.state;
    patch.disposition = judged.disposition;
    patch.reason = base::escaped(judged.reason);
    if (auto const* offer = described(judged)) {
        patch.id = offer->id;
        patch.version = base::escaped(offer->module.version);
        patch.severity = offer->severity;
        patch.cves = offer->cves;
        patch.source = offer->source;
        patch.sha256 = offer->sha256;
        patch.signer = base::escaped(offer->signer);
    }
    if (judged.observed != nullptr && !judged.observed->version.empty())
        patch.version = base::escaped(judged.observed->version);
    if (auto const* offer = described(judged); offer != nullptr && !offer->version.empty())
        patch.version = offer->version; // the publisher's, which is more than the module's own
    if (is_managed(judged)) {
        patch.id = judged.record->id;
        patch.source = judged.record->source;
        patch.sha256 = judged.record->sha256;
        patch.signer = base::escaped(judged.record->signer);
        patch.loaded_at = judged.record->at;
    }
    patch.replace = replace_of(judged);
    patch.probation = probation_of(world, judged);
    patch.flags = flags_of(world, judged, patch);
    patch.functions = functions_of(judged);
    patch.candidates = candidates_of(index, judged);
    if (in_transition(judged.state))
        patch.transition = {now.transition_since, now.tasks_remaining};
    return patch;
}

bool is_pending(PatchReport const& patch) {
    return in_transition(patch.state) || patch.disposition == Disposition::scheduled;
}

// Sources that want no signatures, and what was loaded without one.
std::vector<std::string> insecurities(World const& world, report::Report const& report) {
    std::vector<std::string> reasons;
    for (auto const& source : world.catalogue.insecure)
        reasons.push_back("insecure: the source " + source + " takes modules that nobody signed");
    for (auto const& patch : report.patches) {
        bool const loaded = patch.state != base::PatchState::absent;
        auto const& flags = patch.flags;
        if (loaded && std::find(flags.begin(), flags.end(), "insecure") != flags.end())
            reasons.push_back("insecure: " + patch.name + " was loaded without a signature");
    }
    return reasons;
}

// Each a code of its own for what an administrator does something else about.
std::string_view code_of(base::Error const& problem) {
    switch (problem.code) {
    case base::Errc::expired:
        return "source-expired";
    case base::Errc::rolled_back:
        return "source-rolled-back";
    case base::Errc::incomplete:
        return "source-incomplete";
    case base::Errc::unreachable:
        return "source-unreachable";
    case base::Errc::conflict:
        return "source-root-changed";
    case base::Errc::not_found:
        return "source-without-kernel";
    default:
        return "source";
    }
}

std::string with_next_kernel(repository::KernelAdvice const& advice, std::string text) {
    return advice.reboot_into.empty() ? text : text + "; boot " + advice.reboot_into;
}

// As of the last reading: repositories are read every few minutes.
bool has_support(repository::KernelAdvice const& advice, Time now) {
    bool const over = advice.support_ends && *advice.support_ends <= now;
    return !over && (advice.support_status.empty() || advice.support_status == "supported");
}

std::vector<std::string> endings_of_support(World const& world) {
    std::vector<std::string> reasons;
    for (auto const& advice : world.catalogue.advice) {
        if (has_support(advice, world.catalogue.read_at))
            continue;
        auto const since =
            advice.support_ends ? " since " + base::rfc3339(*advice.support_ends) : std::string();
        reasons.push_back(with_next_kernel(
            advice,
            "kernel-unsupported: the repository " + advice.source +
                " makes no livepatches for this kernel any more" + since
        ));
    }
    return reasons;
}

// What no livepatch mends, and another kernel does.
std::vector<std::string> unfixed(World const& world) {
    std::vector<std::string> reasons;
    for (auto const& advice : world.catalogue.advice)
        for (auto const& one : advice.unfixed)
            if (one.reboot)
                reasons.push_back(with_next_kernel(
                    advice,
                    "unfixed: " + one.id + " cannot be livepatched" +
                        (one.reason.empty() ? "" : ": " + base::escaped(one.reason))
                ));
    return reasons;
}

// Has to leave, or somebody wants it out, and stays.
bool is_stuck(World const& world, Judgement const& judged) {
    bool const unwanted = judged.disposition == Disposition::quarantined ||
                          judged.disposition == Disposition::held ||
                          (is_managed(judged) && world.is_to_leave(judged.record->sha256));
    return unwanted && world.is_irreversible(judged.name);
}

// What only a reboot puts right.
std::vector<std::string>
reboot_reasons(World const& world, std::vector<Judgement> const& judgements) {
    std::vector<std::string> reasons;
    for (auto const& judged : judgements)
        if (is_stuck(world, judged))
            reasons.push_back(
                "irreversible: " + judged.name +
                ": it is not wanted any more, and cannot be taken out without harm"
            );
    for (auto const& patch : world.observed.patches)
        if (patch.pinned)
            reasons.push_back(
                "forced: " + patch.name +
                ": its transition was forced, and its module cannot be unloaded any more"
            );
        else if (world.unremovable.contains(patch.name))
            reasons.push_back("leftover: " + patch.name + ": its module cannot be unloaded");
    for (auto& reason : endings_of_support(world))
        reasons.push_back(std::move(reason));
    for (auto& reason : unfixed(world))
        reasons.push_back(std::move(reason));
    return reasons;
}

report::Health health_of(report::Report const& report, bool is_insecure) {
    if (!report.kernel.livepatch)
        return report::Health::unsupported;
    if (is_insecure)
        return report::Health::insecure;
    if (!report.health_reasons.empty())
        return report::Health::degraded;
    bool const pending = std::any_of(report.patches.begin(), report.patches.end(), is_pending);
    return pending ? report::Health::pending : report::Health::ok;
}

} // namespace

report::Report compose_report(
    World const& world, std::vector<Judgement> const& judgements, Circumstances const& now
) {
    Index const index(world.catalogue);
    report::Report report;
    report.kernel = {
        now.kernel.release, now.kernel.version, now.kernel.build_id, now.kernel.livepatch};
    report.mode = world.mode;
    report.stage = now.stage;
    report.last_refresh = world.catalogue.read_at;
    if (!now.kernel.livepatch)
        report.health_reasons.emplace_back("kernel-without-livepatch");
    for (auto const& warning : now.warnings)
        report.health_reasons.push_back(base::escaped(warning));
    for (auto const& problem : world.catalogue.problems)
        report.health_reasons.push_back(std::string(code_of(problem)) + ": " + describe(problem));
    if (world.catalogue.expires)
        report.metadata_expires = *world.catalogue.expires;
    for (auto& reason : endings_of_support(world))
        report.health_reasons.push_back(std::move(reason));
    for (auto const& [digest, error] : world.failures)
        if (index.digests.contains(digest))
            report.health_reasons.push_back("load-failed: " + describe(error));
    for (auto const& judged : judgements)
        if (judged.disposition == Disposition::quarantined)
            report.health_reasons.push_back(
                "quarantined: " + judged.name + ": " + base::escaped(judged.reason)
            );
    for (auto const& judged : judgements)
        report.patches.push_back(patch_report(world, index, judged, now));
    std::sort(
        report.patches.begin(),
        report.patches.end(),
        [](auto const& left, auto const& right) { return left.name < right.name; }
    );
    report.other_kernels = other_kernels(world.catalogue, world.catalogue.read_at);
    report.reboot_reasons = reboot_reasons(world, judgements);
    report.reboot_needed = !report.reboot_reasons.empty();
    auto const insecure = insecurities(world, report);
    report.health = health_of(report, !insecure.empty());
    report.health_reasons.insert(report.health_reasons.begin(), insecure.begin(), insecure.end());
    return report;
}

} // namespace livepatch::engine
