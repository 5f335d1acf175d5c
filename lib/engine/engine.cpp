// The loop: look, plan, do, tell. What admins ask for is in engine_requests.cpp.
#include "engine/engine.hpp"

#include "engine/crash_guard.hpp"
#include "engine/replacement.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace livepatch::engine {

namespace {

using namespace std::chrono_literals;

using base::PatchState;
using report::EventKind;

constexpr auto look_while_moving = 200ms;

// "Not now" from the kernel counts as a refusal after so many times.
constexpr unsigned most_tries = 20;
constexpr unsigned most_removals = 6; // 11 s: a reference that lasts as long is there to stay

bool is_moving(kernel::Observation const& observed) {
    return std::any_of(observed.patches.begin(), observed.patches.end(), [](auto const& patch) {
        return in_transition(patch.state);
    });
}

// The machine had a bad moment, which says nothing of the patch. What the kernel itself refuses has
// a code of its own.
bool passes(base::Error const& error) {
    constexpr std::array passing{EIO, ENOMEM, EMFILE, ENFILE, EAGAIN, ESTALE, ETIMEDOUT};
    return error.code == base::Errc::failed &&
           std::find(passing.begin(), passing.end(), error.os_error) != passing.end();
}

} // namespace

Engine::Engine(Parts parts)
    : parts_(std::move(parts)),
      keeper_(parts_.state_file, parts_.disk_worker, parts_.clock, [this] { wake(); }),
      reader_(
          parts_.sources,
          parts_.source_worker,
          parts_.clock,
          {.take = [this](repository::Catalogue catalogue) { take(std::move(catalogue)); },
           .late = [this](std::string const& source) { sources_are_late(source); }}
      ),
      runner_(
          {.clock = parts_.clock,
           .kernel_worker = parts_.kernel_worker,
           .source_worker = parts_.source_worker,
           .disk_worker = parts_.disk_worker,
           .preflight = parts_.preflight,
           .loader = parts_.loader,
           .sources = parts_.sources,
           .keeper = keeper_,
           .boot_id = parts_.identity.boot_id,
           .machine_id = parts_.machine_id,
           .kernel = kernel_of(parts_.identity),
           .still_planned = [this](
                                Action const& action, std::string const& sha256
                            ) { return is_still_planned(action, sha256); },
           .load_unrecorded = parts_.without_crash_guard,
           .store = parts_.store,
           .stored =
               [this](base::Result<void> const& stored) {
                   complain(
                       "module-not-stored",
                       stored ? std::vector<std::string>() : std::vector{describe(stored.error())}
                   );
               }}
      ),
      blockers_(parts_.clock, parts_.task_worker, parts_.scanner),
      checker_(
          {.source_worker = parts_.source_worker,
           .check_worker = parts_.check_worker,
           .sources = parts_.sources,
           .preflight = parts_.preflight,
           .identity = parts_.identity}
      ),
      courses_(parts_.clock),
      probation_(parts_.probation),
      health_(
          parts_.health,
          [this](std::string const& patch, auto const& verdict) { take_health(patch, verdict); }
      ),
      ladder_(parts_.transition, parts_.machine_id),
      kernel_(kernel_of(parts_.identity)) {}

void Engine::start(std::function<void()> started) {
    read_state();
    judge_past();
    // A revert that was recorded and perhaps not begun is brought to its end.
    for (auto const& load : keeper_.state().loads)
        if (load.boot_id == parts_.identity.boot_id && is_to_be_reverted(load))
            (void)requests_.add(
                {.kind = Request::Kind::revert, .name = load.name, .sha256 = {}},
                [](auto const&) {},
                true // accepted before, by another daemon
            );
    keeper_.save(); // tells at once whether it can be
    started_ = std::move(started);
    reader_.read([this] { tell_started(); });
}

void Engine::tell_started() {
    if (auto const started = std::exchange(started_, nullptr))
        started();
}

// What is in the kernel can be seen and reverted without them.
void Engine::sources_are_late(std::string const& source) {
    complain(
        "sources-not-read",
        {(source.empty() ? "the sources have" : "source " + source + " has") +
         " not answered for " + std::to_string(CatalogueReader::patience.count()) +
         " s; look after the file system it lies on, or take its file out of repos.d and restart "
         "livepatchd"}
    );
    tell_started();
}

// Also one whose hold was all that was recorded: applying it by name would have lifted that.
bool Engine::is_to_be_reverted(LoadRecord const& load) const {
    return load.stage == Stage::reverting ||
           (is_in_use(load.stage) && keeper_.state().find_hold(load.sha256) != nullptr);
}

// The boot's reapplying may have been the one that met the damage, and saved what was left since.
void Engine::read_state() {
    auto problem = keeper_.load();
    auto& state = keeper_.state();
    if (state.lost)
        problem = (problem.empty() ? "what was held and recorded before was lost" : problem) +
                  "; nothing is loaded by itself until: lpctl resume";
    if (!problem.empty())
        state.damage = problem;
    if (!state.damage.empty())
        complain("state-damaged", {state.damage});
}

void Engine::complain(std::string const& code, std::vector<std::string> words) {
    auto& complaints = complaints_[code];
    if (complaints == words)
        return;
    complaints = std::move(words);
    wake();
}

void Engine::reconfigure(Settings settings, RequestQueue::Done done) {
    coming_ = Coming{.settings = std::move(settings)};
    parts_.source_worker.run(
        [this, sources = coming_->settings.sources]() mutable {
            parts_.sources.configure(std::move(sources));
            return true;
        },
        [this, done = std::move(done)](bool) {
            // A reading that began before has been taken: the worker does one thing after the
            // other.
            if (coming_)
                coming_->configured = true;
            refresh(done);
        }
    );
}

void Engine::put_in_force() {
    if (!coming_ || !coming_->configured)
        return;
    auto settings = std::exchange(coming_, std::nullopt)->settings;
    parts_.mode = settings.mode;
    ladder_.configure(settings.transition);
    probation_.configure(std::move(settings.probation));
    parts_.policy = std::move(settings.policy);
    parts_.without_crash_guard = settings.without_crash_guard;
    parts_.allow_remote_revert = settings.allow_remote_revert;
    runner_.load_unrecorded(settings.without_crash_guard);
    runner_.configure(std::move(settings.sources));
    complain("health-command", {}); // it may be another one
}

bool Engine::is_at_rest() const {
    return catalogue_.read_at != Time() && !runner_.is_busy() &&
           observed_.transition() == nullptr && plan(world(), judgements()).empty();
}

void Engine::wake() {
    if (std::exchange(scheduled_, true))
        return;
    boost::asio::post(parts_.loop, [this] {
        scheduled_ = false;
        step();
    });
}

void Engine::refresh(RequestQueue::Done done) {
    // Behind those who are told of what was read: whoever is answered finds it.
    reader_.read([this, done = std::move(done)] {
        if (done)
            boost::asio::post(parts_.loop, [done] { done({}); });
    });
    wake(); // to show it
}

void Engine::retry(RequestQueue::Done done) {
    failures_.clear();
    unremovable_.clear();
    backoff_.clear();
    ladder_.clear();
    if (parts_.fetch)
        parts_.fetch();
    refresh(std::move(done));
}

void Engine::take(repository::Catalogue catalogue) {
    put_in_force();
    complain("sources-not-read", {});
    sources_read_at_ = parts_.clock.now();
    auto const before = std::exchange(catalogue_, std::move(catalogue));
    depended_.clear();
    for (auto const& offer : catalogue_.offers)
        if (!offer.refused)
            depended_.insert(offer.module.depends.begin(), offer.module.depends.end());
    // What is taken away and put back may be tried once more.
    std::erase_if(failures_, [this](auto const& failure) {
        return catalogue_.find_digest(failure.first) == nullptr;
    });
    tell_rejected(before);
    tell_withdrawn(before);
    tell_sources(before);
    step();
}

void Engine::step() {
    look();
    stored_ = stored_offers(keeper_.state(), kernel_);
    // Planning blindly would take what is loaded for gone.
    if (!blind_ && catalogue_.read_at != Time())
        proceed();
    else if (!blind_)
        take_out_uninformed();
    if (!runner_.is_busy())
        keeper_.flush();
    publish();
    follow_up();
    schedule_next_look();
}

void Engine::proceed() {
    apply_policy();
    forget_past();
    auto actions = plan(world(), judgements());
    while (finish_requests(actions)) // others may be planned then
        actions = plan(world(), judgements());
    make_way(actions);
    if (!runner_.is_busy())
        start_first(actions);
}

// Before the sources were read what they offer seems to be gone. But what has to leave does not
// wait for them: one may hang.
void Engine::take_out_uninformed() {
    if (runner_.is_busy())
        return;
    auto const way_out = [this] {
        auto actions = plan(world(), judgements());
        std::erase_if(actions, [this](auto const& action) { return !leads_out(action); });
        return actions;
    };
    auto actions = way_out();
    while (finish_requests(actions))
        actions = way_out();
    start_first(actions);
}

bool Engine::leads_out(Action const& action) const {
    if (action.kind != Action::Kind::finish)
        return action.kind == Action::Kind::disable || action.kind == Action::Kind::remove;
    auto const* request = requests_.find(action.request);
    return request != nullptr && request->kind == Request::Kind::revert;
}

// Behind those who are told of a change: whoever is answered finds it there, and the disk takes its
// time; what was seen can be seen again.
void Engine::follow_up() {
    boost::asio::post(parts_.loop, [this, number = ++follow_ups_] {
        if (number != follow_ups_) // there is more to tell first
            return;
        requests_.answer();
        if (std::exchange(unsaved_, false))
            keeper_.save();
        runner_.store_loaded();
        if (catalogue_.read_at != Time() && !std::exchange(store_looked_at_, true))
            runner_.store_missing(loaded_offers());
    });
}

// Of what is in the kernel and ours, what its source still has.
std::vector<repository::Offer> Engine::loaded_offers() const {
    std::vector<repository::Offer> offers;
    for (auto const& load : keeper_.state().loads) {
        auto const* offer = catalogue_.find_digest(load.sha256);
        if (load.boot_id == parts_.identity.boot_id && is_in_use(load.stage) && offer != nullptr &&
            !offer->refused)
            offers.push_back(*offer);
    }
    return offers;
}

bool Engine::finish_requests(std::vector<Action> const& actions) {
    bool any = false;
    for (auto const& action : actions) {
        if (action.kind != Action::Kind::finish)
            continue;
        requests_.finish(action.request, action.error);
        any = true;
    }
    return any;
}

// Whoever wants a patch out does not wait until a module is read: its source may hang. Nor does
// what takes the place of one that did harm. The load is planned again afterwards.
void Engine::make_way(std::vector<Action> const& actions) {
    auto const now = parts_.clock.now();
    bool const urgent = std::any_of(actions.begin(), actions.end(), [&](auto const& action) {
        bool const replacement = !action.over.empty() && !runner_.is_rescuing();
        return (action.kind == Action::Kind::disable || replacement) &&
               !backoff_.waits(action.name, now);
    });
    if (urgent)
        runner_.abandon();
}

bool Engine::is_still_planned(Action const& action, std::string const& sha256) {
    look();
    if (blind_)
        return false;
    auto now = world();
    now.in_flight = {};
    auto const actions = plan(now, judge(now));
    for (auto const& other : actions) {
        // What has to leave comes first.
        if (other.kind == Action::Kind::disable && !backoff_.waits(other.name, parts_.clock.now()))
            return false;
        if (other.kind == action.kind && other.name == action.name &&
            other.request == action.request && other.offer->sha256 == sha256)
            return true;
    }
    return false;
}

// What was put off is skipped, but what the daemon wants by itself keeps its order.
void Engine::start_first(std::vector<Action> const& actions) {
    auto const now = parts_.clock.now();
    bool load_waits = false;
    for (auto const& action : actions) {
        bool const clean_up = action.kind == Action::Kind::remove;
        bool const behind = load_waits && action.request == 0 && !clean_up;
        if (!backoff_.waits(action.name, now) && !behind) {
            courses_.begin(action, requests_.find(action.request));
            runner_.run(
                action,
                world().ours(action.name) != nullptr,
                [this](ActionRunner::Outcome const& outcome) { finished(outcome); }
            );
            return;
        }
        load_waits = load_waits || !clean_up;
    }
}

void Engine::finished(ActionRunner::Outcome const& outcome) {
    courses_.finish(outcome);
    looked_at_.reset(); // whoever asks now wants to see what it did
    if (outcome.error) {
        if (!put_off(outcome))
            failed(outcome);
    } else if (outcome.tried) {
        succeeded(outcome);
    }
    step();
}

// Whether the error is one that passes, and the step will be tried again.
bool Engine::put_off(ActionRunner::Outcome const& outcome) {
    auto const code = outcome.error->code;
    // What was to be turned round had come to its end before: the next look shows it.
    bool const too_late = outcome.action.kind == Action::Kind::enable &&
                          (code == base::Errc::not_found || code == base::Errc::unsupported);
    if (code != base::Errc::busy && !too_late)
        return false;
    auto const most = outcome.action.kind == Action::Kind::remove ? most_removals : most_tries;
    return backoff_.put_off(outcome.action.name, parts_.clock.now(), most);
}

void Engine::succeeded(ActionRunner::Outcome const& outcome) {
    auto const& name = outcome.action.name;
    backoff_.forget(name);
    switch (outcome.action.kind) {
    case Action::Kind::load:
        unsaved_ = true; // how far it has come: an attempt it is already, on the disk too
        tell(EventKind::loaded, name, "loaded; tasks move to the patched code");
        return requests_.finish(outcome.action.request, std::nullopt);
    case Action::Kind::disable:
        if (outcome.action.overdue)
            turned_round(name);
        tell(EventKind::disabling, name, "tasks move back to the original code");
        return requests_.finish(outcome.action.request, std::nullopt);
    case Action::Kind::enable:
    case Action::Kind::remove:
    case Action::Kind::finish:
        return; // steps on the way of a request; the next look tells what is left to do
    }
}

void Engine::failed(ActionRunner::Outcome const& outcome) {
    auto const& action = outcome.action;
    auto const& error = *outcome.error;
    switch (action.kind) {
    case Action::Kind::load:
        load_failed(outcome);
        break;
    case Action::Kind::remove:
        unremovable_.insert(action.name);
        tell_failed(EventKind::operation_failed, outcome, "stays loaded");
        return; // whether that stands in the way of a request is for the plan to say
    default:
        tell_failed(EventKind::operation_failed, outcome, "not changed");
        if (action.request == 0) // the daemon's own word: it tries again, but not at once
            (void)backoff_.put_off(action.name, parts_.clock.now());
    }
    requests_.finish(action.request, error);
}

// An admin is answered at once; what passes is tried again by itself, and told once.
void Engine::load_failed(ActionRunner::Outcome const& outcome) {
    auto const& action = outcome.action;
    // What the kernel never saw it has not refused: the file, its sidecar or a certificate changed
    // since they were listed. They are listed again, and that says what is wrong with it, if it is.
    bool const unseen = !outcome.tried && !outcome.foreseen;
    bool const again = passes(*outcome.error) || unseen;
    bool const known = again && action.request == 0 && backoff_.knows(action.name);
    // What did harm would stay in as long as this one is waited for.
    if (!action.over.empty())
        unfit_.insert(outcome.sha256);
    if (again)
        (void)backoff_.put_off(action.name, parts_.clock.now());
    else
        failures_.insert_or_assign(outcome.sha256, *outcome.error);
    if (unseen)
        refresh();
    if (!known)
        tell_failed(EventKind::load_failed, outcome, "not loaded");
}

// kmsg, uevents and inotify wake us; this is for what they do not tell. Nothing polls while nothing
// moves.
void Engine::schedule_next_look() {
    auto const now = parts_.clock.now();
    auto when = backoff_.next(now);
    auto const by = [&](base::Clock::Monotonic time) {
        when = when ? std::min(*when, time) : time;
    };
    if (is_moving(observed_) || is_maybe_forced() || !requests_.pending().empty() || blind_)
        by(now + look_while_moving);
    if (auto const changes = ladder_.next(now))
        by(*changes);
    if (auto const ends = probation_.next(); ends && *ends > now) // else a verdict waits for health
        by(*ends);
    if (auto const untold = taint_.next(); untold && *untold > now)
        by(*untold);
    // The wall clock may be set meanwhile: whoever waits for long looks at it now and then.
    if (policy_.next)
        by(now + std::clamp<base::Clock::Monotonic::duration>(
                     *policy_.next - parts_.clock.wall(), 1s, 10min
                 ));
    next_look_ = when ? parts_.clock.alarm(*when, [this] { wake(); }) : nullptr;
}

} // namespace livepatch::engine
