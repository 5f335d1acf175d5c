// Keeps the running kernel at what is wanted: looks, plans, carries out one step, looks again.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker.hpp"
#include "engine/blocker_watch.hpp"
#include "engine/compose_report.hpp"
#include "engine/plan.hpp"
#include "engine/request_queue.hpp"
#include "engine/state.hpp"
#include "engine/state_file.hpp"
#include "engine/world.hpp"
#include "kernel/blocker.hpp"
#include "kernel/identity.hpp"
#include "kernel/livepatch_tree.hpp"
#include "loader/loader.hpp"
#include "report/event.hpp"
#include "report/report.hpp"
#include "repository/sources.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace livepatch::engine {

struct Options {
    bool dry_run = false;           // say whether it would be tried, change nothing
    bool replace_unmanaged = false; // a cumulative patch may replace what another tool loaded
    std::string reason;             // why, for whoever looks later
};

struct Blockers {
    std::string patch; // "" = no transition runs
    Time since;
    std::vector<kernel::Blocker> tasks;
};

// Belongs to the thread of the loop; nothing here blocks it. Must outlive the loop and the workers'
// queues.
class Engine {
public:
    struct Parts {
        boost::asio::any_io_executor loop;
        base::Clock& clock;
        base::Worker kernel_worker; // loads, sysfs writes: each may block for seconds
        base::Worker disk_worker;   // sources, state file, /proc
        loader::Loader& loader;     // used on the kernel worker only
        kernel::LivepatchTree tree;
        kernel::TaskScanner& scanner; // used on the disk worker only
        repository::Sources& sources; // used on the disk worker only
        StateFile& state_file;        // used on the disk worker only, once started
        kernel::Identity identity;
        report::Mode mode = report::Mode::automatic;
        std::vector<std::string> warnings = {}; // of the configuration, for Health
    };

    using ReportHandler = std::function<void(report::Report const&)>;
    using EventHandler = std::function<void(report::Event const&)>;
    template <class T>
    using Done = std::function<void(base::Result<T>)>;

    explicit Engine(Parts parts);

    // The handlers are called from the loop, never from within a call of theirs.
    void on_report(ReportHandler handler) { on_report_ = std::move(handler); }

    void on_event(EventHandler handler) { on_event_ = std::move(handler); }

    // Reads the state file, takes over what the kernel already has, reads the sources; `started` is
    // called when the report is complete for the first time.
    void start(std::function<void()> started);

    // Something may have moved in the kernel: look at it soon.
    void notice();

    // Reads the sources. `done`, if any, is called when they have been read; what they bring is
    // applied after that.
    void refresh(RequestQueue::Done done = {});

    // As refresh, and what the kernel refused before may be tried once more: an admin asks.
    void retry(RequestQueue::Done done);

    // PATCH is a module name or a catalogue id. `done` is called with the module's name once the
    // kernel accepted it; already enabled is success.
    void apply(std::string const& patch, Options const& options, Done<std::string> done);
    void apply_all(Options const& options, Done<std::vector<std::string>> done);

    // `done` is called once the kernel accepted it; already absent is success. Holds the digest.
    void revert(std::string const& patch, Options const& options, Done<void> done);
    void revert_all(Options const& options, Done<void> done);

    void blockers(Done<Blockers> done);

    // The truth as of now: looks at the kernel unless that was done a moment ago.
    report::Report const& report();

private:
    enum class Doing { nothing, verifying, loading, changing };

    World world() const;

    std::vector<Judgement> judgements() const { return judge(world()); }

    std::optional<Judgement> find(std::string const& patch) const;
    base::Result<void> admit_apply(Judgement const& judged, Options const& options);
    base::Result<void>
    enqueue_revert(Judgement const& judged, Options const& options, Done<void> done);

    void step();
    void observe();
    void follow_transition();
    void carry_out(std::vector<Action> const& actions);
    void start_action(Action const& action);
    void publish(std::vector<Judgement> const& judgements);
    void schedule_next_look();
    void wake();

    void load(Action const& action);
    void record_and_load(
        Action const& action, repository::Offer const& offer, trust::VerifiedPatch patch
    );
    void loaded(
        Action const& action,
        repository::Offer const& offer,
        base::Result<loader::LoadedPatch> result
    );
    void change(Action const& action);
    void changed(Action const& action, base::Result<void> result);
    void remove(Action const& action);
    void removed(Action const& action, base::Result<void> result);
    void failed(Action const& action, std::string const& sha256, base::Error error);
    bool put_off(Action const& action, base::Error const& error);
    void idle();

    void save(std::function<void(base::Result<void>)> saved = {});
    void tell(
        report::EventKind kind,
        std::string const& name,
        std::string message,
        base::Error const* error = nullptr
    );
    void warn(std::string warning);

    Parts parts_;
    ReportHandler on_report_;
    EventHandler on_event_;

    State state_;
    repository::Catalogue catalogue_;
    kernel::Observation observed_;
    base::Clock::Monotonic observed_at_{};
    bool observed_once_ = false;
    RequestQueue requests_;
    std::map<std::string, base::Error> failures_; // by digest
    std::set<std::string, std::less<>> unremovable_;
    std::vector<std::string> warnings_;
    BlockerWatch blockers_;

    Doing doing_ = Doing::nothing;
    std::string in_flight_; // the patch that is being worked on
    unsigned refreshing_ = 0;
    bool refresh_again_ = false;
    std::vector<RequestQueue::Done> awaiting_refresh_;

    struct Delay {
        base::Clock::Monotonic until{};
        unsigned tries = 0;
    };

    std::map<std::string, Delay> delays_; // by patch: the kernel said "not now"
    std::string transition_;              // "NAME STATE" of the running one
    Time transition_since_{};

    report::Report report_;
    bool scheduled_ = false;
    std::unique_ptr<base::Alarm> next_look_;
};

} // namespace livepatch::engine
