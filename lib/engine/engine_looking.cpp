// The half of Engine that looks at the kernel: what is there, what has changed, since when.
#include "engine/engine.hpp"
#include "engine/settle.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace livepatch::engine {

namespace {

using namespace std::chrono_literals;

using base::PatchState;

// How long after its transition a patch may be the reason that others are gone.
constexpr auto freshness = 2s;

} // namespace

void Engine::look() {
    switched_off_ = parts_.kill_switch.thrown();
    find_missing();
    auto seen = parts_.tree.observe();
    looked_at_ = parts_.clock.now();
    bool const unsupported = !seen && seen.error().code == base::Errc::unsupported;
    blind_ = seen || unsupported ? std::nullopt : std::optional(seen.error());
    if (!seen)
        return; // what was seen last stands: what cannot be read is not gone
    confirm_pinned(*seen);
    bool const first = !std::exchange(seen_once_, true);
    auto const before = std::exchange(observed_, std::move(seen).value());
    std::erase_if(unremovable_, [this](auto const& name) {
        return observed_.find(name) == nullptr;
    });
    auto const settled = settle(
        keeper_.state(),
        {.before = first ? nullptr : &before,
         .now = observed_,
         .catalogue = catalogue_,
         .boot_id = parts_.identity.boot_id,
         .in_flight = runner_.in_flight(),
         .fresh = freshly_enabled(),
         .time = parts_.clock.wall()}
    );
    follow_transition(first);
    follow_stall();
    follow_probation();
    unsaved_ = unsaved_ || settled.changed;
    tell(settled.events);
    courses_.settle(settled.events);
}

void Engine::find_missing() {
    missing_.clear();
    for (auto const& module : depended_)
        if (!parts_.tree.has_live(module))
            missing_.insert(module);
}

// Every patch looks pinned when its directory goes, until a work item of the kernel has dropped the
// module (kernel/livepatch/core.c: klp_free_patch_finish): believed when it lasts.
void Engine::confirm_pinned(kernel::Observation& seen) {
    auto const now = parts_.clock.now();
    std::map<std::string, base::Clock::Monotonic, std::less<>> pinned;
    for (auto& patch : seen.patches) {
        if (!patch.pinned)
            continue;
        auto const before = maybe_pinned_.find(patch.name);
        auto const since = before == maybe_pinned_.end() ? now : before->second;
        pinned.emplace(patch.name, since);
        patch.pinned = now - since >= certainly_pinned;
    }
    maybe_pinned_ = std::move(pinned);
}

bool Engine::is_maybe_forced() const {
    return std::any_of(observed_.patches.begin(), observed_.patches.end(), [this](auto const& one) {
        return !one.pinned && maybe_pinned_.contains(one.name);
    });
}

std::set<std::string, std::less<>> Engine::freshly_enabled() {
    auto const now = parts_.clock.now();
    std::erase_if(enabled_since_, [this](auto const& entry) {
        auto const* patch = observed_.find(entry.first);
        return patch == nullptr || patch->state != PatchState::enabled;
    });
    std::set<std::string, std::less<>> fresh;
    for (auto const& patch : observed_.patches) {
        bool const enabled = patch.state == PatchState::enabled;
        if (!enabled || now - enabled_since_.try_emplace(patch.name, now).first->second < freshness)
            fresh.insert(patch.name);
    }
    return fresh;
}

// Nobody knows when a transition began that was there before the daemon, unless it came with a load
// of ours.
void Engine::follow_transition(bool first) {
    auto const* patch = observed_.transition();
    auto const key = patch == nullptr ? "" : patch->name + ' ' + std::string(name(patch->state));
    if (key != transition_)
        transition_since_ = patch == nullptr ? Time()
                            : first          ? recorded_start(*patch)
                                             : parts_.clock.wall();
    transition_ = key;
    if (patch == nullptr) {
        explained_scan_.reset();
        explained_.reset();
        return blockers_.rest();
    }
    blockers_.follow(patch->name, patch->state == PatchState::enabling ? 1 : 0);
    blockers_.refresh([this] {
        note_blockers();
        wake();
    });
}

Time Engine::recorded_start(kernel::ObservedPatch const& patch) const {
    auto const* record = world().ours(patch.name);
    return record != nullptr && patch.state == PatchState::enabling ? record->at : Time();
}

} // namespace livepatch::engine
