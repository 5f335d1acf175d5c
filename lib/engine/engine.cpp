// The loop: look, plan, do, tell. What admins ask for is in engine_requests.cpp.
#include "engine/engine.hpp"

#include "engine/settle.hpp"

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

// How old an observation may be when somebody asks for the truth: asking twenty properties at once
// is one look.
constexpr auto fresh_enough = 10ms;

// How long after its transition a patch may be the reason that others are gone.
constexpr auto freshness = 2s;

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

bool is_rejected(repository::Offer const& offer) {
    // A module for another kernel is no fault: a directory may serve several.
    return offer.refused && offer.refused->code != base::Errc::wrong_kernel;
}

} // namespace

Engine::Engine(Parts parts)
    : parts_(std::move(parts)),
      keeper_(parts_.state_file, parts_.disk_worker, parts_.clock, [this] { wake(); }),
      reader_(
          parts_.sources,
          parts_.source_worker,
          [this](repository::Catalogue catalogue) { take(std::move(catalogue)); }
      ),
      runner_(
          {.clock = parts_.clock,
           .kernel_worker = parts_.kernel_worker,
           .source_worker = parts_.source_worker,
           .loader = parts_.loader,
           .sources = parts_.sources,
           .keeper = keeper_,
           .boot_id = parts_.identity.boot_id,
           .still_planned = [this](
                                Action const& action, std::string const& sha256
                            ) { return is_still_planned(action, sha256); },
           .load_unrecorded = parts_.without_crash_guard}
      ),
      blockers_(parts_.clock, parts_.task_worker, parts_.scanner),
      courses_(parts_.clock) {}

void Engine::start(std::function<void()> started) {
    read_state();
    auto& loads = keeper_.state().loads;
    // What an earlier boot had loaded went with it; the holds stay.
    std::erase_if(loads, [&](auto const& load) { return load.boot_id != parts_.identity.boot_id; });
    // A revert that was recorded and perhaps not begun is brought to its end.
    for (auto const& load : loads)
        if (load.stage == Stage::reverting)
            (void)requests_.add(
                {.kind = Request::Kind::revert, .name = load.name, .sha256 = {}}, [](auto const&) {}
            );
    keeper_.save(); // tells at once whether it can be
    reader_.read(std::move(started));
}

void Engine::read_state() {
    auto problem = keeper_.load();
    if (keeper_.state().lost)
        problem = (problem.empty() ? "what was held and recorded before was lost" : problem) +
                  "; nothing is loaded by itself until: lpctl resume";
    if (!problem.empty())
        complain("state-damaged", {problem});
}

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
        .missing = missing_,
        .livepatch = parts_.identity.livepatch,
        .boot_id = parts_.identity.boot_id,
    };
}

// In a container the kernel is somebody else's. Without a record that lasts, a patch that brings
// the kernel down would do so at every boot. And what an admin took out may not come back because
// the file that said so is gone.
std::string Engine::obstacle() const {
    if (!parts_.identity.container.empty())
        return "container";
    if (keeper_.state().lost)
        return "state-damaged";
    bool const lasts = !parts_.not_persistent && !keeper_.problem();
    return lasts || parts_.without_crash_guard ? "" : "state-not-persistent";
}

std::vector<std::string> Engine::warnings() const {
    std::vector<std::string> warnings;
    if (auto const& manager = parts_.identity.container; !manager.empty())
        warnings.push_back(
            "container: the kernel belongs to the host of this container (" + manager +
            "); nothing is loaded by itself"
        );
    if (switched_off_)
        warnings.push_back("switched-off: " + *switched_off_);
    if (auto const& pause = keeper_.state().pause)
        warnings.push_back("paused: " + pause->reason);
    if (parts_.not_persistent)
        warnings.push_back("state-not-persistent: " + describe(*parts_.not_persistent));
    if (auto const& problem = keeper_.problem())
        warnings.push_back("state-not-persistent: " + describe(*problem));
    for (auto const& [code, complaints] : complaints_)
        for (auto const& words : complaints)
            warnings.push_back(code + ": " + words);
    if (blind_)
        warnings.push_back("kernel-unreadable: " + describe(*blind_));
    if (auto unseen = blockers_.unseen(); !unseen.empty())
        warnings.push_back(std::move(unseen));
    return warnings;
}

void Engine::complain(std::string const& code, std::vector<std::string> words) {
    auto& complaints = complaints_[code];
    if (complaints == words)
        return;
    complaints = std::move(words);
    wake();
}

void Engine::reconfigure(Settings settings, RequestQueue::Done done) {
    parts_.mode = settings.mode;
    parts_.without_crash_guard = settings.without_crash_guard;
    runner_.load_unrecorded(settings.without_crash_guard);
    parts_.source_worker.run(
        [this, sources = std::move(settings.sources)]() mutable {
            parts_.sources.configure(std::move(sources));
            return true;
        },
        [this, done = std::move(done)](bool) { refresh(done); }
    );
    wake();
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
    refresh(std::move(done));
}

void Engine::take(repository::Catalogue catalogue) {
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
    step();
}

void Engine::tell_rejected(repository::Catalogue const& before) {
    std::set<std::string> known;
    for (auto const& offer : before.offers)
        if (is_rejected(offer))
            known.insert(describe(*offer.refused));
    std::vector<report::Event> events;
    for (auto const& offer : catalogue_.offers)
        if (is_rejected(offer) && !known.contains(describe(*offer.refused)))
            events.push_back(
                {.kind = EventKind::rejected,
                 .time = parts_.clock.wall(),
                 .patch = offer.name(),
                 .id = offer.id,
                 .sha256 = offer.sha256,
                 .message = describe(*offer.refused)}
            );
    tell(events);
}

report::Report const& Engine::report() {
    bool const fresh = looked_at_ && parts_.clock.now() - *looked_at_ <= fresh_enough;
    if (!fresh && !publishing_ && without_looking_ == 0) {
        look();
        if (publish() || unsaved_)
            wake(); // there may be something to do about it
    }
    return report_;
}

void Engine::step() {
    look();
    // Planning before the sources were read would take what they offer for gone; planning blindly,
    // what is loaded.
    if (catalogue_.read_at != Time() && !blind_) {
        auto actions = plan(world(), judgements());
        while (finish_requests(actions)) // whoever asked may ask for more
            actions = plan(world(), judgements());
        make_way(actions);
        if (!runner_.is_busy())
            start_first(actions);
    }
    if (!runner_.is_busy())
        keeper_.flush();
    publish();
    save_what_was_seen();
    schedule_next_look();
}

// Behind those who are told of it: the disk takes its time, and what was seen can be seen again.
void Engine::save_what_was_seen() {
    if (std::exchange(unsaved_, false))
        boost::asio::post(parts_.loop, [this] { keeper_.save(); });
}

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

// For microseconds every patch looks pinned when its directory goes (kernel/livepatch/core.c:
// klp_free_patch_finish): believed when two looks say so.
void Engine::confirm_pinned(kernel::Observation& seen) {
    std::set<std::string, std::less<>> pinned;
    for (auto& patch : seen.patches) {
        if (!patch.pinned)
            continue;
        pinned.insert(patch.name);
        patch.pinned = maybe_pinned_.contains(patch.name);
    }
    maybe_pinned_ = std::move(pinned);
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
    if (patch == nullptr)
        return blockers_.rest();
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

// Whoever wants a patch out does not wait until a module is read: its source may hang. The load is
// planned again afterwards.
void Engine::make_way(std::vector<Action> const& actions) {
    auto const now = parts_.clock.now();
    bool const urgent = std::any_of(actions.begin(), actions.end(), [&](auto const& action) {
        return action.kind == Action::Kind::disable && !backoff_.waits(action.name, now);
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
    return std::any_of(actions.begin(), actions.end(), [&](auto const& other) {
        return other.kind == action.kind && other.name == action.name &&
               other.request == action.request && other.offer->sha256 == sha256;
    });
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
        tell(EventKind::loaded, name, "loaded; tasks move to the patched code");
        return requests_.finish(outcome.action.request, std::nullopt);
    case Action::Kind::disable:
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
    }
    requests_.finish(action.request, error);
}

// An admin is answered at once; what passes is tried again by itself, and told once.
void Engine::load_failed(ActionRunner::Outcome const& outcome) {
    auto const& action = outcome.action;
    // What the kernel never saw it has not refused: the file, its sidecar or a certificate changed
    // since they were listed. They are listed again, and that says what is wrong with it, if it is.
    bool const again = passes(*outcome.error) || !outcome.tried;
    bool const known = again && action.request == 0 && backoff_.knows(action.name);
    if (again)
        (void)backoff_.put_off(action.name, parts_.clock.now());
    else
        failures_.insert_or_assign(outcome.sha256, *outcome.error);
    if (!outcome.tried)
        refresh();
    if (!known)
        tell_failed(EventKind::load_failed, outcome, "not loaded");
}

report::Stage Engine::stage() const {
    if (runner_.is_busy())
        return runner_.stage();
    if (observed_.transition() != nullptr)
        return report::Stage::transitioning;
    return reader_.is_reading() ? report::Stage::refreshing : report::Stage::idle;
}

// Whether there was news.
bool Engine::publish() {
    auto report = compose_report(
        world(),
        judgements(),
        {.kernel = parts_.identity,
         .stage = stage(),
         .warnings = warnings(),
         .transition_since = transition_since_,
         .tasks_remaining = blockers_.tasks_remaining()}
    );
    if (report == report_ || publishing_)
        return false;
    report_ = std::move(report);
    publishing_ = true;
    if (on_report_)
        on_report_(report_);
    publishing_ = false;
    return true;
}

// kmsg, uevents and inotify wake us; this is for what they do not tell. Nothing polls while nothing
// moves.
void Engine::schedule_next_look() {
    auto const now = parts_.clock.now();
    auto when = backoff_.next(now);
    auto const by = [&](base::Clock::Monotonic time) {
        when = when ? std::min(*when, time) : time;
    };
    if (is_moving(observed_) || !requests_.pending().empty() || blind_)
        by(now + look_while_moving);
    bool const unsure =
        std::any_of(observed_.patches.begin(), observed_.patches.end(), [this](auto const& patch) {
            return !patch.pinned && maybe_pinned_.contains(patch.name);
        });
    if (unsure)
        by(now + 1s);
    next_look_ = when ? parts_.clock.alarm(*when, [this] { wake(); }) : nullptr;
}

report::Event
Engine::event(EventKind kind, std::string const& name, std::string const& message) const {
    report::Event event{
        .kind = kind,
        .time = parts_.clock.wall(),
        .patch = name,
        .id = {},
        .sha256 = {},
        .message = name + ": " + message};
    auto const* record = keeper_.state().find_load(name, parts_.identity.boot_id);
    if (record != nullptr) {
        event.id = record->id;
        event.sha256 = record->sha256;
    }
    return event;
}

void Engine::tell(EventKind kind, std::string const& name, std::string const& message) const {
    tell({event(kind, name, message)});
}

// After a load that failed there is no record of it; one of another version may stand there.
void Engine::tell_failed(
    EventKind kind, ActionRunner::Outcome const& outcome, std::string const& message
) const {
    auto failed = event(kind, outcome.action.name, message + ": " + describe(*outcome.error));
    failed.kernel_log = outcome.error->kernel_log;
    if (outcome.action.kind == Action::Kind::load) {
        failed.id = outcome.id;
        failed.sha256 = outcome.sha256;
    }
    tell({std::move(failed)});
}

void Engine::tell(std::vector<report::Event> const& events) const {
    for (auto const& event : events)
        if (on_event_)
            on_event_(complete(event));
}

} // namespace livepatch::engine
