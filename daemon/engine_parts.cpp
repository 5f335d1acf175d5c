#include "engine_parts.hpp"

#include "rules.hpp"

namespace livepatch::daemon {

engine::Engine::Parts engine_parts(
    Foundation const& foundation,
    Surroundings const& surroundings,
    kernel::Identity const& identity,
    Configuration const& configuration
) {
    return {
        .loop = foundation.loop,
        .clock = foundation.clock,
        .kernel_worker = foundation.workers.kernel(),
        .disk_worker = foundation.workers.disk(),
        .task_worker = foundation.workers.tasks(),
        .source_worker = foundation.workers.sources(),
        .check_worker = foundation.workers.checks(),
        .preflight = preflight::Preflight(
            surroundings.root, surroundings.state_directory, surroundings.keys()
        ),
        .loader = surroundings.loader,
        .tree = kernel::LivepatchTree(surroundings.root),
        .scanner = surroundings.scanner,
        .sources = foundation.supply,
        .state_file = foundation.state_file,
        .kill_switch = {surroundings.kill_switch(), surroundings.root.proc / "cmdline"},
        .identity = identity,
        .mode = configuration.apply.mode,
        .not_persistent = foundation.state_file.not_persistent(),
        .without_crash_guard = configuration.security.without_crash_guard,
        .allow_remote_revert = configuration.security.allow_remote_revert,
        .machine_id = surroundings.read_machine_id(),
        .shutdown = engine::ShutdownRecord(surroundings.state_directory),
        .crash_records = surroundings.crash_records(),
        .store = repository::VerifiedStore(
            repository::ModuleStore(surroundings.stored_modules()),
            configuration.sources,
            surroundings.keys(),
            identity.release
        ),
        .transition = rules_of(configuration.transition),
        .probation = rules_of(configuration.probation),
        .policy = rules_of(configuration.apply),
        .restore = configuration.boot.reapply,
    };
}

} // namespace livepatch::daemon
