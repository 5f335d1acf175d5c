// Keeps the running kernel at what is wanted: looks, plans, carries out one step, looks again.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker.hpp"
#include "engine/action_runner.hpp"
#include "engine/backoff.hpp"
#include "engine/blocker_watch.hpp"
#include "engine/catalogue_reader.hpp"
#include "engine/checker.hpp"
#include "engine/compose_report.hpp"
#include "engine/courses.hpp"
#include "engine/health_watch.hpp"
#include "engine/kill_switch.hpp"
#include "engine/plan.hpp"
#include "engine/policy.hpp"
#include "engine/probation.hpp"
#include "engine/request_queue.hpp"
#include "engine/shutdown_record.hpp"
#include "engine/stall_ladder.hpp"
#include "engine/state_file.hpp"
#include "engine/state_keeper.hpp"
#include "engine/taint_watch.hpp"
#include "engine/world.hpp"
#include "kernel/blocker.hpp"
#include "kernel/identity.hpp"
#include "kernel/livepatch_tree.hpp"
#include "kernel/trace.hpp"
#include "loader/loader.hpp"
#include "preflight/preflight.hpp"
#include "report/event.hpp"
#include "report/report.hpp"
#include "repository/supply.hpp"
#include "repository/verified_store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <filesystem>
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
    std::string reason = {};        // why, for whoever looks later
    report::Caller caller = {};     // who, likewise
};

// What of the configuration may change while the daemon runs.
struct Settings {
    std::vector<repository::Source> sources;
    report::Mode mode = report::Mode::automatic;
    bool without_crash_guard = false;
    bool allow_remote_revert = false; // a publisher may have his patch taken out
    TransitionRules transition = {};
    ProbationRules probation = {};
    Policy policy = {};
};

struct Blockers {
    std::string patch; // "" = no transition runs
    Time since;        // Time() = not known
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
        base::Worker disk_worker;   // the state file: what is durable waits for nothing else
        base::Worker task_worker;   // /proc, or whoever looks there for us
        // Sources, which may be large, or on a network file system that hangs: no revert waits
        // behind them.
        base::Worker source_worker;
        base::Worker check_worker;      // what anybody hands in to be checked
        preflight::Preflight preflight; // of the kernel that the loader loads into
        loader::Loader& loader;         // used on the kernel worker only
        kernel::LivepatchTree tree;
        kernel::TaskScanner& scanner; // used on the task worker only
        repository::Supply& sources;  // used on the source worker only
        StateFile& state_file;        // used on the disk worker only, once started
        KillSwitch kill_switch;
        kernel::Identity identity;
        report::Mode mode = report::Mode::automatic;
        // Why the state will not survive a reboot (StateFile::not_persistent); nothing = it will.
        std::optional<base::Error> not_persistent = {};
        bool without_crash_guard = false; // load by itself all the same
        bool allow_remote_revert = false;
        std::string machine_id = {};
        ShutdownRecord shutdown = {};
        std::vector<std::filesystem::path> crash_records = {}; // directories, see crash_record.hpp
        // Where what was loaded is kept for the next boot; nothing = nowhere.
        std::optional<repository::VerifiedStore> store = {};
        TransitionRules transition = {};
        ProbationRules probation = {};
        HealthCheck* health = nullptr; // nullptr = nobody is asked
        // An admin wants what is new: whoever brings it from elsewhere is to do so now.
        std::function<void()> fetch = {};
        Policy policy = {};
        // Whether what was in the kernel when the boot before ended is wanted again in any mode.
        bool restore = true;
        // Whether what is not wanted again is forgotten. Early at boot it is not known yet.
        bool forget_past = true;
    };

    using ReportHandler = std::function<void(report::Report const&)>;
    using EventHandler = std::function<void(report::Event const&)>;
    template <class T>
    using Done = std::function<void(base::Result<T>)>;

    explicit Engine(Parts parts);

    // The handlers may be called from within any call of the engine; that of the report never from
    // within itself.
    void on_report(ReportHandler handler) { on_report_ = std::move(handler); }

    void on_event(EventHandler handler) { on_event_ = std::move(handler); }

    // Reads the state file, takes over what the kernel already has, reads the sources; `started` is
    // called when the report is complete for the first time, or when a source does not answer
    // (CatalogueReader::patience): an admin may want to revert just then.
    void start(std::function<void()> started);

    // Something may have moved in the kernel: look at it soon.
    void notice() { wake(); }

    // For the end, when the workers have been joined: what was seen last comes to the disk; blocks.
    base::Result<void> finish() { return keeper_.finish(); }

    // Whether the kernel cannot be read at the moment, so that nobody knows what is loaded.
    bool is_blind() const { return blind_.has_value(); }

    // Whether there is nothing to do, and nothing of what was begun to be waited for.
    bool is_at_rest() const;

    // What the kernel has printed, also what does not concern livepatches by its words; from the
    // oldest line on that an engine before this one was not through with.
    void kernel_said(std::vector<kernel::KernelLine> const& lines);

    // The first line that the next engine would have to be told again if this one ended now: of a
    // report that is still being printed, or of harm that is not on the disk yet. Nothing: none.
    std::optional<std::uint64_t> line_in_work() const;

    // Something of it was lost.
    void kernel_said_more() { traces_.interrupt(); }

    // What an admin should know and only somebody else sees: each of `words` becomes a reason of
    // Health, "CODE: WORDS". Takes the place of what was said under this code before; none = it is
    // over.
    void complain(std::string const& code, std::vector<std::string> words);

    // The configuration was read again. What is loaded stays, whatever sources are left; `done` is
    // called when they have been read. The rest of the settings is in force from then on: of two
    // configurations that are each sound no mixture is acted on, so until then nothing is loaded by
    // itself.
    void reconfigure(Settings settings, RequestQueue::Done done);

    // Something may have been missed: look at all of it, trusting nothing that was seen before.
    void look_anew() {
        parts_.tree.forget_modules();
        wake();
    }

    // Reads the sources. `done`, if any, is called when they have been read; what they bring is
    // applied after that.
    void refresh(RequestQueue::Done done = {});

    // As refresh, and what the kernel refused before may be tried once more: an admin asks.
    void retry(RequestQueue::Done done);

    // PATCH is a module name or a catalogue id. `done` is called with the module's name once the
    // kernel accepted it; already enabled is success.
    void apply(std::string const& patch, Options const& options, Done<std::string> done);
    void apply_all(Options const& options, Done<std::vector<std::string>> done);

    // `done` is called once the kernel accepted it; already absent is success. Holds the digest
    // that is loaded and the one that is offered.
    void revert(std::string const& patch, Options const& options, Done<void> done);

    // Takes out what we loaded, the newest first, and holds it, with what was about to be loaded.
    void revert_all(Options const& options, Done<void> done);

    // An admin's word, durable once `done` is called; already so is success. not_found unless the
    // patch is loaded, offered, or held or pinned already. Of the options reason and caller count.
    //
    // A hold is of a module name or catalogue id, and so of all versions: nothing of that name is
    // loaded, and to ask for it is refused (held). What is loaded stays.
    void hold(std::string const& patch, Options const& options, Done<void> done);
    // Lifts holds, also those that reverts left behind, and pins.
    void unhold(std::string const& patch, Options const& options, Done<void> done);
    // While paused nothing is loaded, and to ask for it is refused (paused); reverts go on.
    void pause(Options const& options, Done<void> done);
    // Also an admin's word that a state which was lost may be forgotten.
    void resume(Options const& options, Done<void> done);

    // What was accepted of a repository is forgotten, and it is read again. not_found: there is no
    // such one.
    void reset_trust(std::string const& source, Options const& options, Done<void> done);
    // Whether it would be loaded, and why not. PATCH as with apply; not_found when there is none.
    void check(std::string const& patch, Done<preflight::Verdict> done);
    // Of what concerns the host alone.
    void check_host(Done<preflight::Verdict> done);
    // Of a module that no source has to offer. invalid_argument as Checker::check_file.
    void check_file(base::UniqueFd file, std::string name, Done<preflight::Verdict> done);

    // One answer for all who ask between two scans: for thousands of tasks it is a large one.
    using SharedBlockers = std::shared_ptr<Blockers const>;
    void blockers(Done<SharedBlockers> done);

    // The truth as of now: looks at the kernel unless that was done a moment ago.
    report::Report const& report();

    // While one lives, report() tells what the last look has shown: a signal takes its values from
    // the properties, and needs no look of its own.
    class WithoutLooking {
    public:
        explicit WithoutLooking(Engine& engine) : engine_(engine) { ++engine_.without_looking_; }

        WithoutLooking(WithoutLooking const&) = delete;
        WithoutLooking& operator=(WithoutLooking const&) = delete;

        ~WithoutLooking() { --engine_.without_looking_; }

    private:
        Engine& engine_;
    };

private:
    // Of a configuration that was read again and is not in force yet.
    struct Coming {
        Settings settings;
        bool configured = false; // the next reading is one of its sources
    };

    // A patch to take out, and what is to be held.
    struct Asked {
        std::string patch;
        Done<preflight::Verdict> done;
    };

    struct Target {
        std::string name;
        std::set<std::string> digests;
        bool rests = false; // nothing has to be done to it: it is out, or on its way
        base::PatchState state = base::PatchState::absent;
        bool urgent = false; // it does not have to wait for what others asked for
    };

    World world() const;
    // What it would be like.
    World world(
        kernel::Observation const& observed,
        State const& state,
        std::vector<Request> const& requests
    ) const;
    std::string obstacle() const;
    void apply_policy();
    void begin_anew(std::string const& source);
    std::map<std::string, std::string> not_yet() const;
    std::vector<std::string> warnings() const;

    std::vector<Judgement> judgements() const { return judge(world()); }

    std::optional<Judgement> find(std::string const& patch) const;
    std::optional<Judgement> find_to_apply(std::string const& patch) const;
    std::set<std::string> words_for(std::string const& patch) const;
    std::optional<base::Error> stopped() const;

    void apply_known(std::string const& patch, Options const& options, Done<std::string> done);
    void check_known(std::string const& patch, Done<preflight::Verdict> done);
    void check_unknown();
    preflight::Checks policy_on_file(preflight::Verdict const& verdict) const;
    void carry_on(Judgement const& judged, RequestQueue::Done done);
    SharedBlockers explain(BlockerWatch::Scan const& scan);
    Target target(Judgement const& judged) const;
    void hold(Target const& target, Options const& options);
    void take_out(Target const& target, Options const& options, RequestQueue::Done done);
    bool is_being_reverted(std::string const& name) const;
    std::vector<Target> all_targets() const;
    std::vector<Target> loaded_targets(std::vector<Judgement> const& judged) const;
    void add_coming(std::vector<Target>& targets) const;

    bool is_to_be_reverted(LoadRecord const& load) const;
    void read_state();
    void judge_past();
    void forget_past();
    std::set<std::string, std::less<>> to_restore() const;
    bool is_past_load(LoadRecord const& load) const;
    void consider(kernel::Trace const& trace);
    std::string culprit(kernel::Trace const& trace) const;
    bool is_harm_in() const;
    void take_harm(LoadRecord const& load, kernel::Trace const& trace);
    void complete_evidence(kernel::Trace const& trace);
    void condemn(
        LoadRecord const& load, std::string const& reason, std::vector<std::string> const& evidence
    );
    void tell_harm_elsewhere(kernel::Trace const& trace);
    void tell_elsewhere(std::string const& what, std::vector<std::string> kernel_log);
    void follow_taint();
    void take_health(std::string const& patch, base::Result<HealthCheck::Verdict> const& verdict);
    void follow_probation();
    repository::PatchTimes times_of(std::string const& sha256) const;
    void follow_stall();
    void turned_round(std::string const& name);
    std::string overdue() const;
    void take(repository::Catalogue catalogue);
    void sources_are_late(std::string const& source);
    void tell_started();
    void put_in_force();
    void tell_rejected(repository::Catalogue const& before);
    void tell_withdrawn(repository::Catalogue const& before);
    void tell_sources(repository::Catalogue const& before);
    void step();
    void look();
    void follow_up();
    std::vector<repository::Offer> loaded_offers() const;
    void find_missing();
    void confirm_pinned(kernel::Observation& seen);
    bool is_maybe_forced() const;
    std::set<std::string, std::less<>> freshly_enabled();
    void follow_transition(bool first);
    Time recorded_start(kernel::ObservedPatch const& patch) const;
    bool finish_requests(std::vector<Action> const& actions);
    void proceed();
    void take_out_uninformed();
    bool leads_out(Action const& action) const;
    void start_first(std::vector<Action> const& actions);
    void make_way(std::vector<Action> const& actions);
    bool is_still_planned(Action const& action, std::string const& sha256);
    void finished(ActionRunner::Outcome const& outcome);
    bool put_off(ActionRunner::Outcome const& outcome);
    void succeeded(ActionRunner::Outcome const& outcome);
    void failed(ActionRunner::Outcome const& outcome);
    void load_failed(ActionRunner::Outcome const& outcome);
    bool publish();
    report::Stage stage() const;
    void schedule_next_look();
    void wake();
    report::Event
    event(report::EventKind kind, std::string const& name, std::string const& message) const;
    void tell(report::EventKind kind, std::string const& name, std::string const& message) const;
    void tell_failed(
        report::EventKind kind, ActionRunner::Outcome const& outcome, std::string const& message
    ) const;
    void tell(std::vector<report::Event> const& events) const;
    // What an admin asked for.
    report::Event asked(
        report::EventKind kind,
        std::string const& name,
        std::string const& message,
        Options const& options
    ) const;
    // With the next save: what was told of may not be forgotten by a daemon that is killed.
    void tell_when_saved(
        report::EventKind kind,
        std::string const& name,
        std::string const& message,
        Options const& options
    );
    report::Event complete(report::Event event) const;
    void describe_patch(report::Event& event) const;
    void note_blockers();

    Parts parts_;
    ReportHandler on_report_;
    EventHandler on_event_;
    std::function<void()> started_;

    StateKeeper keeper_;
    CatalogueReader reader_;
    ActionRunner runner_;
    BlockerWatch blockers_;
    Checker checker_;
    BlockerWatch::Scan explained_scan_;
    SharedBlockers explained_; // that scan, for all who ask
    Courses courses_;
    RequestQueue requests_;
    Backoff backoff_;
    Probation probation_;
    HealthWatch health_;
    TaintWatch taint_;
    StallLadder ladder_;
    PolicyVerdict policy_; // as of the last step
    kernel::TraceReader traces_;
    std::uint64_t told_trace_ = 0;              // the newest that something was made of
    std::string harmful_;                       // the digest it was held against; "" = none
    std::vector<repository::Offer> stored_;     // see stored_offers()
    std::optional<std::uint64_t> unsaved_harm_; // the first line of what is not on the disk yet
    // By module name: the line with which it came in. What was printed before is not its fault.
    std::map<std::string, std::uint64_t, std::less<>> came_in_;
    // What could not be had in time to take the place of what did harm, by digest; until that is
    // out.
    std::set<std::string, std::less<>> unfit_;
    unsigned told_elsewhere_ = 0; // harm elsewhere, in this probation
    std::string told_stall_;      // the transition of which it was said
    std::string kernel_;          // see kernel_of()

    std::optional<Coming> coming_;
    repository::Catalogue catalogue_;
    std::set<std::string, std::less<>> depended_; // modules that offers depend on
    std::set<std::string, std::less<>> missing_;  // those that are not loaded, as last looked
    kernel::Observation observed_;
    bool seen_once_ = false;
    bool unsaved_ = false;         // a look has changed the state
    bool store_looked_at_ = false; // since the start
    unsigned follow_ups_ = 0;      // the newest one's number
    std::optional<base::Clock::Monotonic> looked_at_;
    std::optional<base::Clock::Monotonic> sources_read_at_;
    std::vector<Asked> unknown_; // asked about what no source offers, as far as is known
    std::unique_ptr<base::Alarm> unknown_alarm_;
    std::optional<base::Error> blind_;        // why the newest look saw nothing
    std::optional<std::string> switched_off_; // by a kill switch, as last looked
    static constexpr std::chrono::seconds certainly_pinned{1};
    // Since when they look so.
    std::map<std::string, base::Clock::Monotonic, std::less<>> maybe_pinned_;
    std::map<std::string, base::Clock::Monotonic, std::less<>> enabled_since_; // first seen so
    std::map<std::string, base::Error> failures_; // by digest: what the kernel refused
    std::set<std::string, std::less<>> unremovable_;
    std::map<std::string, std::vector<std::string>> complaints_; // by code
    std::string transition_;                                     // "NAME STATE" of the running one
    Time transition_since_{};

    report::Report report_;
    bool publishing_ = false;
    int without_looking_ = 0;
    bool scheduled_ = false;
    std::unique_ptr<base::Alarm> next_look_;
};

base::Error no_such_patch(std::string const& patch);

} // namespace livepatch::engine
