#include "reapply.hpp"

#include "base/clock.hpp"
#include "engine/crash_guard.hpp"
#include "engine/engine.hpp"
#include "engine_parts.hpp"
#include "hints.hpp"
#include "history/database.hpp"
#include "instance_lock.hpp"
#include "journal.hpp"
#include "rehearsal.hpp"
#include "repository/stored_patches.hpp"
#include "rules.hpp"
#include "workers.hpp"

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace livepatch::daemon {

namespace {

// What this kernel had, oldest first, and what may be put back in the place of one of these: that
// is known once the boots before have been judged.
std::vector<repository::Remembered>
remembered(engine::State const& state, kernel::Identity const& identity) {
    std::vector<repository::Remembered> all;
    auto const kernel = engine::kernel_of(identity);
    for (auto const& load : state.loads) {
        bool const may_return =
            load.stage == engine::Stage::replaced && state.is_good(load.sha256, kernel);
        bool const wanted = (engine::is_in_use(load.stage) || may_return) &&
                            load.kernel == kernel && load.boot_id != identity.boot_id &&
                            !load.sha256.empty();
        bool const known = std::any_of(all.begin(), all.end(), [&](auto const& other) {
            return other.sha256 == load.sha256;
        });
        if (wanted && !known)
            all.push_back(
                {.name = load.name,
                 .id = load.id,
                 .sha256 = load.sha256,
                 .source = load.source,
                 .file = load.file,
                 .replace = load.replace,
                 .states = load.states,
                 .reversible = load.reversible}
            );
    }
    return all;
}

// One boot's.
class Reapplying {
public:
    Reapplying(
        Surroundings const& surroundings,
        kernel::Identity identity,
        repository::ComingKernel kernel,
        Configuration configuration,
        std::vector<repository::Remembered> patches
    )
        : identity_(std::move(identity)),
          configuration_(std::move(configuration)),
          supply_(
              configuration_.sources,
              surroundings.keys(),
              std::move(kernel),
              repository::ModuleStore(surroundings.stored_modules()),
              std::move(patches),
              surroundings.host()
          ),
          state_file_(surroundings.state_directory),
          engine_(parts(surroundings)),
          hints_(
              io_,
              clock_,
              surroundings.root,
              LogMark(surroundings.log_mark(), identity_.boot_id),
              {.kernel_moved = [this] { engine_.notice(); },
               .kernel_said =
                   [this](auto const& lines) {
                       engine_.kernel_said(lines);
                       return engine_.line_in_work();
                   },
               .hints_lost = [this] { engine_.look_anew(); },
               .complain = [](std::string const&, std::vector<std::string> const&) {}},
              Hints::Kind::log_only
          ) {
        engine_.on_event([this](report::Event const& event) {
            log_event(event);
            events_.push_back(event);
        });
        engine_.on_report([this](report::Report const&) { look_whether_done(); });
    }

    Reapplying(Reapplying const&) = delete;
    Reapplying& operator=(Reapplying const&) = delete;

    // A source that hangs ends the process here.
    ~Reapplying() {
        workers_.join();
        workers_.join_sources();
    }

    void run() {
        auto const deadline = clock_.alarm(clock_.now() + configuration_.boot.budget, [this] {
            spdlog::warn(
                "the boot goes on after {} s: what is not in yet is left to the daemon",
                configuration_.boot.budget.count()
            );
            let_the_boot_go_on(); // here, as what is on its way into the kernel is waited for
            io_.stop();
        });
        engine_.start([this] { look_whether_done(); });
        io_.run();
        end();
    }

    std::vector<report::Event> const& events() const { return events_; }

private:
    // A load that hangs is waited for here.
    void end() {
        workers_.join();
        if (auto const saved = engine_.finish(); !saved)
            spdlog::error("the state lacks what was seen last: {}", describe(saved.error()));
    }

    engine::Engine::Parts parts(Surroundings const& surroundings) {
        auto parts = engine_parts(
            {io_.get_executor(), clock_, workers_, supply_, state_file_},
            surroundings,
            identity_,
            configuration_
        );
        parts.mode = report::Mode::manual; // nothing but what was there
        parts.policy = {};                 // which was let in then
        parts.store.reset();               // it is stored already
        parts.transition.stall_after = {}; // nobody is there yet to be told
        parts.transition.reverse_after = configuration_.boot.per_patch;
        parts.transition.reverse_for_others_only = true;
        parts.forget_past = false; // it is not known yet
        return parts;
    }

    // Posted, since a report comes from within the engine.
    void look_whether_done() {
        if (!std::exchange(looking_, true))
            boost::asio::post(io_, [this] {
                looking_ = false;
                if (engine_.is_at_rest())
                    io_.stop();
            });
    }

    kernel::Identity identity_;
    Configuration configuration_;
    boost::asio::io_context io_{1};
    base::SystemClock clock_{io_.get_executor()};
    repository::StoredPatches supply_;
    engine::StateFile state_file_;
    Workers workers_{io_.get_executor()};
    engine::Engine engine_;
    Hints hints_;
    bool looking_ = false;
    std::vector<report::Event> events_;
};

void tell_what_is_wrong(std::vector<base::Error> const& problems) {
    for (auto const& problem : problems)
        spdlog::error("configuration: {}", describe(problem));
}

// Behind all that the boot waits for.
void record(
    Surroundings const& surroundings,
    std::vector<report::Event> const& events,
    history::Retention const& retention
) {
    if (events.empty())
        return;
    history::Database database(surroundings.history(), retention);
    auto const written = database.append(events, std::chrono::system_clock::now());
    if (!written)
        spdlog::error("the history does not tell of this boot: {}", describe(written.error()));
}

std::vector<repository::Remembered>
told_remembered(Surroundings const& surroundings, kernel::Identity const& identity) {
    engine::StateFile file(surroundings.state_directory);
    auto const known = file.look();
    if (!known.problem.empty())
        spdlog::error("the state is damaged: {}", known.problem);
    auto patches = remembered(known.state, identity);
    if (auto const gone = file.not_persistent(); gone && patches.empty())
        spdlog::warn("what was in this kernel before is not known here: {}", describe(*gone));
    else if (patches.empty())
        spdlog::info(
            "no patches were in this kernel before ({}); the daemon applies what its sources offer",
            identity.release
        );
    else
        spdlog::info(
            "{} patches were in this kernel before ({})", patches.size(), identity.release
        );
    return patches;
}

} // namespace

void let_the_boot_go_on() {
    ::sd_notify(0, "READY=1");
}

void reapply(Surroundings const& surroundings) {
    auto const rehearsal = rehearse_verification(surroundings);
    std::optional<InstanceLock> lock(surroundings.runtime_directory / "lock");
    auto const identity = surroundings.identity();
    auto kernel = kernel_compared(surroundings, identity);
    auto const loaded = load_configuration(surroundings.configuration, identity.release);
    tell_what_is_wrong(loaded.problems);
    std::optional<Reapplying> boot;
    if (!loaded.configuration.boot.reapply || !identity.livepatch) {
        spdlog::info(
            "nothing is reapplied: {}",
            identity.livepatch ? "[boot] reapply is switched off"
                               : "this kernel has no livepatching"
        );
    } else {
        // Also without any: what an earlier boot left behind is judged.
        boot.emplace(
            surroundings,
            identity,
            std::move(kernel),
            loaded.configuration,
            told_remembered(surroundings, identity)
        );
        boot->run();
    }
    lock.reset(); // the daemon wants it as soon as it is told that it may start
    let_the_boot_go_on();
    if (boot)
        record(surroundings, boot->events(), rules_of(loaded.configuration.history));
}

int record_shutdown(Surroundings const& surroundings) {
    auto const recorded =
        engine::ShutdownRecord(surroundings.state_directory).write(surroundings.identity().boot_id);
    if (recorded)
        return 0;
    spdlog::error("this shutdown will look like a crash: {}", describe(recorded.error()));
    return 1;
}

} // namespace livepatch::daemon
