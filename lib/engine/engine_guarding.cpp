// The half of Engine that watches over what was loaded: crashes of earlier boots, transitions that
// do not end, and what the kernel complains of.
#include "engine/crash_guard.hpp"
#include "engine/engine.hpp"
#include "kernel/crash_record.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

namespace {

using report::EventKind;

// The kernel may complain of something else for hours.
constexpr unsigned most_told_elsewhere = 10;

// Also of other kernels, which may never be booted again.
constexpr std::size_t most_past_loads = 64;

// When the oldest of them was loaded: no crash before that is theirs.
Time first_attempt(State const& state, std::string const& boot_id) {
    auto first = Time::max();
    for (auto const& load : state.loads)
        if (load.proving && load.boot_id != boot_id)
            first = std::min(first, load.at);
    return first;
}

} // namespace

// In a container and in a kernel that only saves a crash nothing is loaded, and what happened to
// the machine is told by others.
void Engine::judge_past() {
    auto& state = keeper_.state();
    auto const& boot_id = parts_.identity.boot_id;
    if (parts_.identity.container.empty() && !parts_.identity.crash_kernel) {
        auto const clean_boot = parts_.shutdown.boot_id();
        if (clean_boot == boot_id)
            parts_.shutdown.erase(); // it was called off
        auto const judged = judge_last_boots(
            state,
            {.boot_id = boot_id,
             .machine_id = parts_.machine_id,
             .clean_boot = clean_boot,
             .blamed = kernel::blame_for_crash(parts_.crash_records, first_attempt(state, boot_id)),
             .time = parts_.clock.wall()}
        );
        tell(judged.events);
    }
    std::erase_if(state.loads, [&](auto const& load) {
        return load.boot_id != boot_id && !(is_in_use(load.stage) && !load.sha256.empty());
    });
    auto past = std::count_if(state.loads.begin(), state.loads.end(), [&](auto const& load) {
        return load.boot_id != boot_id;
    });
    std::erase_if(state.loads, [&](auto const& load) {
        return load.boot_id != boot_id && past-- > static_cast<long>(most_past_loads);
    });
}

// What this kernel had in an earlier boot.
bool Engine::is_past_load(LoadRecord const& load) const {
    return load.boot_id != parts_.identity.boot_id && load.kernel == kernel_ &&
           load.machine_id == parts_.machine_id;
}

std::set<std::string, std::less<>> Engine::to_restore() const {
    std::set<std::string, std::less<>> digests;
    if (!parts_.restore)
        return digests;
    for (auto const& load : keeper_.state().loads)
        if (is_past_load(load))
            digests.insert(load.sha256);
    return digests;
}

// What is in again, and what will not come any more. What no source has now may be on a disk that
// is mounted later, and what waits for a module or stalls may come later, too.
void Engine::forget_past() {
    auto& loads = keeper_.state().loads;
    bool const any = std::any_of(loads.begin(), loads.end(), [this](auto const& load) {
        return is_past_load(load);
    });
    if (!any || !parts_.forget_past || stopped() || !obstacle().empty() || runner_.is_busy())
        return;
    auto const judged = judgements();
    auto const& state = keeper_.state();
    auto const is_settled = [&](LoadRecord const& load) {
        auto const* quarantine = state.find_quarantine(load.sha256);
        bool const harmful = quarantine != nullptr && quarantine->cause != Quarantine::Cause::stall;
        if (harmful || state.find_hold(load.sha256) != nullptr ||
            state.find_hold_of(load.id, load.name) != nullptr)
            return true;
        return std::any_of(judged.begin(), judged.end(), [&](auto const& one) {
            bool const another =
                one.offer != nullptr && !one.offer->refused && one.offer->sha256 != load.sha256;
            return one.name == load.name && (one.state != base::PatchState::absent || another ||
                                             one.disposition == report::Disposition::replaced);
        });
    };
    auto const forgotten = std::erase_if(loads, [&](auto const& load) {
        return is_past_load(load) && is_settled(load);
    });
    unsaved_ = unsaved_ || forgotten != 0;
}

void Engine::kernel_said(std::vector<kernel::KernelLine> const& lines) {
    for (auto const& line : lines)
        if (auto const name = kernel::patch_coming_in(line); !name.empty())
            came_in_.insert_or_assign(std::string(name), line.sequence);
    bool looked = false;
    for (auto const& line : lines) {
        auto const* trace = traces_.read(line);
        if (trace == nullptr)
            continue;
        taint_.account(trace->kind);
        // Whose code it is may have been loaded a moment ago.
        if (!std::exchange(looked, true))
            look();
        consider(*trace);
    }
}

void Engine::consider(kernel::Trace const& trace) {
    if (trace.number == told_trace_)
        return complete_evidence(trace);
    if (probation_.is_idle())
        return;
    auto const name = culprit(trace);
    auto const& state = keeper_.state();
    if (auto const* load = state.find_load(name, parts_.identity.boot_id)) {
        told_trace_ = trace.number;
        if (state.find_quarantine(load->sha256) == nullptr) // else it is on its way out
            take_harm(*load, trace);
    } else if (trace.complete) {
        told_trace_ = trace.number;
        tell_harm_elsewhere(trace);
    }
}

// What was printed before it came in was the fault of another version of its name.
std::string Engine::culprit(kernel::Trace const& trace) const {
    auto name = probation_.culprit(trace);
    auto const came_in = came_in_.find(name);
    bool const earlier = came_in != came_in_.end() && trace.sequence < came_in->second;
    return earlier ? std::string() : name;
}

std::optional<std::uint64_t> Engine::line_in_work() const {
    auto const* trace = traces_.unfinished();
    if (trace != nullptr && unsaved_harm_)
        return std::min(trace->sequence, *unsaved_harm_);
    return trace != nullptr ? std::optional(trace->sequence) : unsaved_harm_;
}

void Engine::take_harm(LoadRecord const& load, kernel::Trace const& trace) {
    auto const& where = trace.frames.front();
    auto const reason = "the kernel reported " + std::string(kernel::name(trace.kind)) + " in " +
                        (where.module.empty() ? "" : where.module + ':') + where.function;
    harmful_ = load.sha256;
    if (!unsaved_harm_)
        unsaved_harm_ = trace.sequence;
    condemn(load, reason, trace.lines);
}

void Engine::condemn(
    LoadRecord const& load, std::string const& reason, std::vector<std::string> const& evidence
) {
    keeper_.state().put(Quarantine{
        .sha256 = load.sha256,
        .name = load.name,
        .id = load.id,
        .cause = Quarantine::Cause::harm,
        .reason = reason,
        .boot_id = parts_.identity.boot_id,
        .since = parts_.clock.wall(),
        .evidence = evidence});
    bool const stays = world().is_irreversible(load.name);
    auto harm = event(
        EventKind::harmful,
        load.name,
        reason + (stays ? "; it is quarantined, and stays until reboot: its publisher says that it "
                          "cannot be taken out without harm"
                        : "; it is taken out and quarantined")
    );
    harm.kernel_log = evidence;
    tell({std::move(harm)});
    auto const saved = [this](base::Result<void> const& result) {
        if (result)
            unsaved_harm_.reset();
    };
    // Taking it out is recorded first, and brings this along, unless something else goes on.
    if (stays || runner_.is_busy())
        keeper_.save(saved);
    else
        keeper_.save_with_next(saved);
    step();
}

// The first lines were enough to act; whoever looks later wants the others, too.
void Engine::complete_evidence(kernel::Trace const& trace) {
    if (!trace.complete || harmful_.empty())
        return;
    auto& quarantines = keeper_.state().quarantines;
    for (auto& quarantine : quarantines)
        if (quarantine.sha256 == harmful_)
            quarantine.evidence = trace.lines;
    harmful_.clear();
    unsaved_ = true;
    wake();
}

void Engine::tell_harm_elsewhere(kernel::Trace const& trace) {
    tell_elsewhere(
        "the kernel reported " + std::string(kernel::name(trace.kind)) +
            " elsewhere: " + trace.lines.front(),
        trace.lines
    );
}

void Engine::tell_elsewhere(std::string const& what, std::vector<std::string> kernel_log) {
    if (++told_elsewhere_ > most_told_elsewhere)
        return;
    std::vector<report::Event> events{
        {.kind = EventKind::harm_elsewhere,
         .time = parts_.clock.wall(),
         .patch = {},
         .id = {},
         .sha256 = {},
         .message = "while a patch is on probation " + what,
         .kernel_log = std::move(kernel_log)}};
    tell(events);
}

void Engine::follow_taint() {
    auto const now = parts_.clock.now();
    taint_.follow(observed_.taint, !probation_.is_idle(), now);
    for (auto const words : taint_.take_untold(now))
        tell_elsewhere(
            "the kernel was tainted by " + std::string(words) +
                " that its log does not tell of; no patch is blamed for it",
            {}
        );
}

// What could not be asked is said, and no patch is blamed for it; nor is one that had proved good
// before: a host is not well for many reasons, the first minutes of a boot among them.
void Engine::take_health(
    std::string const& patch, base::Result<HealthCheck::Verdict> const& verdict
) {
    auto const* load = keeper_.state().find_load(patch, parts_.identity.boot_id);
    bool const ill = verdict && !verdict->well;
    bool const blamed = ill && load != nullptr && load->first &&
                        keeper_.state().find_quarantine(load->sha256) == nullptr;
    std::vector<std::string> words;
    if (!verdict)
        words.push_back(describe(verdict.error()));
    else if (ill && !blamed)
        words.push_back(
            verdict->words + "; " + patch + " had proved good before and is not blamed"
        );
    complain("health-command", std::move(words));
    if (blamed)
        condemn(*load, verdict->words, {});
    else
        wake(); // its verdict may have waited for this
}

bool Engine::is_harm_in() const {
    auto const& state = keeper_.state();
    return std::any_of(state.loads.begin(), state.loads.end(), [&](auto const& load) {
        auto const* patch = observed_.find(load.name);
        return load.boot_id == parts_.identity.boot_id && patch != nullptr &&
               (patch->state == base::PatchState::enabled ||
                patch->state == base::PatchState::enabling) &&
               state.find_quarantine(load.sha256) != nullptr;
    });
}

void Engine::follow_probation() {
    auto& state = keeper_.state();
    auto const& boot_id = parts_.identity.boot_id;
    auto const now = parts_.clock.now();
    for (auto& load : state.loads) {
        auto const* patch = observed_.find(load.name);
        bool const out = load.stage == Stage::reverting && load.proving && patch != nullptr &&
                         patch->state == base::PatchState::disabled;
        if (out && load.boot_id == boot_id) {
            load.proving = false; // no code of it runs any more, whatever keeps its module
            unsaved_ = true;
        }
    }
    auto const times_of = [this](std::string const& sha256) { return this->times_of(sha256); };
    probation_.follow(state, observed_, boot_id, now, times_of);
    health_.follow(probation_.is_wanted() ? probation_.enabled() : std::vector<std::string>());
    follow_taint();
    auto passed = probation_.passed(now);
    std::erase_if(passed, [this](auto const& name) { return !health_.is_cleared(name); });
    for (auto const& name : passed) {
        auto* load = state.find_load(name, boot_id);
        load->proving = false;
        state.unclean_boots = 0;
        unsaved_ = true;
        // Without a probation nothing is proved.
        if (!probation_.is_wanted() || state.find_quarantine(load->sha256) != nullptr)
            continue;
        state.put(GoodVerdict{
            .sha256 = load->sha256,
            .kernel = kernel_,
            .since = parts_.clock.wall(),
            .name = load->name,
            .id = load->id,
            .source = load->source,
            .file = load->file,
            .priority = load->priority,
            .replace = load->replace,
            .outdated = load->outdated,
            .states = load->states});
        tell(EventKind::proved, name, "it has come through its probation");
    }
    if (!passed.empty())
        probation_.follow(state, observed_, boot_id, now, times_of);
    if (probation_.is_idle())
        told_elsewhere_ = 0;
    if (!unfit_.empty() && !is_harm_in())
        unfit_.clear();
}

// What its publisher says of a patch, as long as he says it.
repository::PatchTimes Engine::times_of(std::string const& sha256) const {
    auto const* offer = catalogue_.find_digest(sha256);
    return offer == nullptr ? repository::PatchTimes() : offer->times;
}

void Engine::follow_stall() {
    auto const* patch = observed_.transition();
    auto const* load = patch == nullptr ? nullptr : world().ours(patch->name);
    ladder_.follow(
        patch,
        parts_.clock.now(),
        load == nullptr ? repository::PatchTimes() : times_of(load->sha256)
    );
    for (auto const& one : keeper_.state().loads)
        if (one.boot_id == parts_.identity.boot_id && one.stage == Stage::enabled)
            ladder_.forget(one.sha256);
    if (patch == nullptr)
        told_stall_.clear();
    if (patch == nullptr || told_stall_ == transition_ || !ladder_.is_stalled(parts_.clock.now()))
        return;
    told_stall_ = transition_;
    tell(
        EventKind::stalled,
        patch->name,
        "its transition does not end (" + std::string(name(patch->state)) + "); it waits for " +
            std::to_string(blockers_.tasks_remaining()) + " tasks: lpctl blockers"
    );
}

std::string Engine::overdue() const {
    auto const* patch = observed_.transition();
    bool const late = patch != nullptr && ladder_.is_overdue(parts_.clock.now());
    auto const* load =
        late ? keeper_.state().find_load(patch->name, parts_.identity.boot_id) : nullptr;
    bool const ours = load != nullptr && matches(*load, *patch) && !load->sha256.empty();
    return ours ? patch->name : std::string();
}

// One more step of the ladder: it is tried again later, or given up.
void Engine::turned_round(std::string const& name) {
    auto const* load = keeper_.state().find_load(name, parts_.identity.boot_id);
    if (load == nullptr)
        return;
    auto const seconds = ladder_.reverse_after().count();
    tell(
        EventKind::reversed,
        name,
        "its transition did not end within " + std::to_string(seconds) + " s and is turned round"
    );
    if (ladder_.reversed(load->sha256, parts_.clock.now(), parts_.clock.wall()))
        return;
    auto const reason = "its transition did not end, " +
                        std::to_string(ladder_.rules().retries + 1) + " times; until reboot";
    keeper_.state().put(Quarantine{
        .sha256 = load->sha256,
        .name = name,
        .id = load->id,
        .cause = Quarantine::Cause::stall,
        .reason = reason,
        .boot_id = parts_.identity.boot_id,
        .since = parts_.clock.wall()});
    tell(EventKind::quarantined, name, "quarantined: " + reason);
    keeper_.save();
}

} // namespace livepatch::engine
