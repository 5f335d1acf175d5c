// The half of Engine that says what is to be decided on: the World, the policy, and what stands in
// the way.
#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

World Engine::world() const {
    return world(observed_, keeper_.state(), requests_.pending());
}

World Engine::world(
    kernel::Observation const& observed, State const& state, std::vector<Request> const& requests
) const {
    return {
        .observed = observed,
        .catalogue = catalogue_,
        .state = state,
        .requests = requests,
        .failures = failures_,
        .unremovable = unremovable_,
        .in_flight = runner_.in_flight(),
        .mode = parts_.mode,
        .obstacle = obstacle(),
        .stopped = stopped(),
        .restore = to_restore(),
        .not_yet = not_yet(),
        .below = policy_.below,
        .stored = stored_,
        .unfit = unfit_,
        .overdue = overdue(),
        .reverse_for_others_only = ladder_.rules().reverse_for_others_only,
        .missing = missing_,
        .livepatch = parts_.identity.livepatch,
        .revert_withdrawn = parts_.allow_remote_revert,
        .boot_id = parts_.identity.boot_id,
        .kernel = kernel_,
        .probation = probation_.is_wanted(),
    };
}

void Engine::apply_policy() {
    auto const now = parts_.clock.wall();
    auto& state = keeper_.state();
    // Early at boot the policy is not the host's, nor is what is offered all there is.
    if (parts_.forget_past) {
        bool const delays = parts_.policy.delay.count() != 0;
        bool const changed = delays ? remember_first_seen(state, catalogue_, now)
                                    : forget_first_seen(state, {}, now);
        unsaved_ = changed || unsaved_;
    }
    policy_ = engine::apply_policy(parts_.policy, catalogue_, state, now);
    // What was in before the reboot was let in then.
    for (auto const& sha256 : to_restore())
        policy_.later.erase(sha256);
}

std::map<std::string, std::string> Engine::not_yet() const {
    auto waiting = ladder_.waiting(parts_.clock.now());
    waiting.insert(policy_.later.begin(), policy_.later.end());
    return waiting;
}

// In a container the kernel is somebody else's. Without a record that lasts, a patch that brings
// the kernel down would do so at every boot. And what an admin took out may not come back because
// the file that said so is gone. Nor is anything loaded for half of a configuration.
std::string Engine::obstacle() const {
    if (!parts_.identity.container.empty())
        return "container";
    if (parts_.identity.crash_kernel)
        return "crash-kernel";
    if (keeper_.state().lost)
        return "state-damaged";
    if (keeper_.state().boot_loop)
        return "boot-loop";
    // Nobody knows any more which task runs which code.
    bool const forced =
        std::any_of(observed_.patches.begin(), observed_.patches.end(), [](auto const& patch) {
            return patch.pinned;
        });
    if (forced)
        return "forced";
    if (is_maybe_forced())
        return "a patch looks forced; it is looked at again in a moment";
    if (coming_)
        return "the sources are not read yet of a configuration that has changed";
    bool const lasts = !parts_.not_persistent && !keeper_.problem();
    return lasts || parts_.without_crash_guard ? "" : "state-not-persistent";
}

} // namespace livepatch::engine
