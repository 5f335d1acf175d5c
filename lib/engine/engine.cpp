#include "engine/engine.hpp"

#include "engine/settle.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace livepatch::engine {

namespace {

using namespace std::chrono_literals;

using base::PatchState;
using report::Disposition;

// How old an observation may be when somebody asks for the truth: asking twenty properties at once
// is one look.
constexpr auto fresh_enough = 10ms;

base::Error no_such_patch(std::string const& patch) {
    return {
        .code = base::Errc::not_found,
        .subject = patch,
        .cause = "no livepatch of this name is loaded or offered for this kernel",
        .remedy = "see: lpctl list"};
}

base::Error unsupported(kernel::Identity const& kernel) {
    return {
        .code = base::Errc::unsupported,
        .subject = "kernel " + kernel.release,
        .cause = "built without livepatching (CONFIG_LIVEPATCH)",
        .remedy = "boot a kernel that has it"};
}

bool is_active(PatchState state) {
    return state == PatchState::enabled || state == PatchState::enabling;
}

// Calls `done` once `count` results have come in, with the first error among them.
RequestQueue::Done gather(std::size_t count, RequestQueue::Done done) {
    struct Gathered {
        std::size_t missing;
        base::Result<void> first;
        RequestQueue::Done done;
    };

    auto const gathered = std::make_shared<Gathered>(Gathered{count, {}, std::move(done)});
    return [gathered](base::Result<void> result) {
        if (!result && gathered->first)
            gathered->first = std::move(result);
        if (--gathered->missing == 0)
            gathered->done(std::move(gathered->first));
    };
}

} // namespace

Engine::Engine(Parts parts)
    : parts_(std::move(parts)),
      warnings_(parts_.warnings),
      blockers_(parts_.clock, parts_.disk_worker, parts_.scanner) {}

void Engine::start(std::function<void()> started) {
    auto loaded = parts_.state_file.load();
    state_ = std::move(loaded.state);
    if (!loaded.problem.empty())
        warn(loaded.problem);
    if (auto const persistent = parts_.state_file.check_persistent(); !persistent)
        warn("state-not-persistent: " + describe(persistent.error()));
    // What an earlier boot had loaded went with it; the holds stay.
    std::erase_if(state_.loads, [&](auto const& load) {
        return load.boot_id != parts_.identity.boot_id;
    });
    refresh([started = std::move(started)](base::Result<void> const&) { started(); });
}

World Engine::world() const {
    return {
        .observed = observed_,
        .catalogue = catalogue_,
        .state = state_,
        .requests = requests_.pending(),
        .failures = failures_,
        .unremovable = unremovable_,
        .mode = parts_.mode,
        .boot_id = parts_.identity.boot_id,
    };
}

std::optional<Judgement> Engine::find(std::string const& patch) const {
    for (auto& judged : judgements()) {
        bool const by_id = judged.offer != nullptr && judged.offer->id == patch;
        if (judged.name == patch || by_id)
            return std::move(judged);
    }
    return std::nullopt;
}

void Engine::notice() {
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

// Reading takes a while; whoever asks meanwhile gets a reading that began after he asked.
void Engine::refresh(RequestQueue::Done done) {
    if (done)
        awaiting_refresh_.push_back(std::move(done));
    if (refreshing_) {
        refresh_again_ = true;
        return;
    }
    refreshing_ = true;
    refresh_again_ = false;
    parts_.disk_worker.run(
        [this] { return parts_.sources.read(); },
        [this, waiting = std::exchange(awaiting_refresh_, {})](repository::Catalogue catalogue) {
            catalogue_ = std::move(catalogue);
            refreshing_ = false;
            if (refresh_again_)
                refresh();
            step();
            for (auto const& tell_one : waiting)
                tell_one({});
        }
    );
    wake(); // to show it
}

void Engine::retry(RequestQueue::Done done) {
    failures_.clear();
    unremovable_.clear();
    delays_.clear();
    refresh(std::move(done));
}

base::Result<void> Engine::admit_apply(Judgement const& judged, Options const& options) {
    if (!judged.refusal)
        return {};
    bool const overridden = options.replace_unmanaged && judged.offer != nullptr &&
                            !judged.offer->refused &&
                            conflict_with_unmanaged(world(), *judged.offer).has_value();
    if (overridden)
        return {};
    return *judged.refusal;
}

void Engine::apply(std::string const& patch, Options const& options, Done<std::string> done) {
    report();
    auto const judged = find(patch);
    if (!judged)
        return done(no_such_patch(patch));
    if (!parts_.identity.livepatch)
        return done(unsupported(parts_.identity));
    auto const name = judged->name;
    bool const same = judged->offer == nullptr || judged->record == nullptr ||
                      judged->record->sha256 == judged->offer->sha256;
    if (is_active(judged->state) && same)
        return done(name);
    if (auto admitted = admit_apply(*judged, options); !admitted)
        return done(admitted.error());
    if (options.dry_run)
        return done(name);

    Request request{
        .kind = Request::Kind::apply,
        .name = name,
        .sha256 = judged->offer->sha256,
        .replace_unmanaged = options.replace_unmanaged,
    };
    // Applying by name is what lifts a hold that a revert put there.
    bool const held = state_.drop_hold(request.sha256);
    failures_.erase(request.sha256);
    delays_.erase(name);
    auto added = requests_.add(std::move(request), [name, done](base::Result<void> result) {
        if (result)
            done(name);
        else
            done(result.error());
    });
    if (!added)
        return done(added.error());
    if (held)
        save();
    wake();
}

void Engine::apply_all(Options const& options, Done<std::vector<std::string>> done) {
    report();
    std::vector<std::string> names;
    for (auto const& judged : judgements()) {
        bool const wanted = judged.disposition == Disposition::available ||
                            judged.disposition == Disposition::scheduled;
        if (wanted && judged.offer != nullptr)
            names.push_back(judged.name);
    }
    if (names.empty() || options.dry_run)
        return done(names);
    auto const one_done = gather(names.size(), [names, done](base::Result<void> result) {
        if (result)
            done(names);
        else
            done(result.error());
    });
    for (auto const& name : names)
        apply(name, options, [one_done](base::Result<std::string> result) {
            one_done(result ? base::Result<void>() : base::Result<void>(result.error()));
        });
}

void Engine::revert(std::string const& patch, Options const& options, Done<void> done) {
    report();
    auto const judged = find(patch);
    if (!judged)
        return done(no_such_patch(patch));
    if (options.dry_run)
        return done({});
    if (auto queued = enqueue_revert(*judged, options, done); !queued)
        done(queued.error());
}

base::Result<void>
Engine::enqueue_revert(Judgement const& judged, Options const& options, Done<void> done) {
    auto added = requests_.add(
        {.kind = Request::Kind::revert, .name = judged.name, .sha256 = {}}, std::move(done)
    );
    if (!added)
        return added;
    requests_.cancel_apply(judged.name, "a later request reverts it");
    std::string sha256 = judged.record != nullptr  ? judged.record->sha256
                         : judged.offer != nullptr ? judged.offer->sha256
                                                   : std::string();
    if (!sha256.empty()) {
        state_.put(Hold{
            .sha256 = std::move(sha256),
            .name = judged.name,
            .reason = options.reason.empty() ? "reverted by an administrator" : options.reason,
            .since = parts_.clock.wall()});
        save();
    }
    wake();
    return {};
}

void Engine::revert_all(Options const& options, Done<void> done) {
    report();
    std::vector<Judgement> ours;
    for (auto const& load : state_.loads) {
        auto judged = find(load.name);
        bool const loaded = judged && judged->record != nullptr && judged->observed != nullptr;
        if (loaded && (is_active(judged->state)))
            ours.push_back(std::move(*judged));
    }
    if (ours.empty() || options.dry_run)
        return done({});
    std::reverse(ours.begin(), ours.end()); // the newest first
    auto const one_done = gather(ours.size(), std::move(done));
    for (auto const& judged : ours)
        if (auto queued = enqueue_revert(judged, options, one_done); !queued)
            one_done(queued);
}

void Engine::blockers(Done<Blockers> done) {
    report();
    auto const* patch = observed_.transition();
    if (patch == nullptr)
        return done(Blockers());
    Blockers answer{.patch = patch->name, .since = transition_since_, .tasks = {}};
    blockers_.request([answer, patched = patch->objects, done](base::Result<kernel::TaskScan> scan
                      ) mutable {
        if (!scan)
            return done(scan.error());
        for (auto& task : scan->tasks)
            answer.tasks.push_back(kernel::explain(std::move(task), patched));
        done(std::move(answer));
    });
}

report::Report const& Engine::report() {
    if (!observed_once_ || parts_.clock.now() - observed_at_ > fresh_enough) {
        observe();
        publish(judgements());
    }
    return report_;
}

void Engine::step() {
    observe();
    // Planning before the sources were read would take what they offer for gone.
    if (catalogue_.read_at != Time())
        carry_out(plan(world(), judgements()));
    publish(judgements());
    schedule_next_look();
}

void Engine::observe() {
    auto now = parts_.tree.observe();
    kernel::Observation observation = now ? std::move(now).value() : kernel::Observation();
    auto const before = std::exchange(observed_, std::move(observation));
    auto const settled = settle(
        state_,
        {.before = observed_once_ ? &before : nullptr,
         .now = observed_,
         .catalogue = catalogue_,
         .boot_id = parts_.identity.boot_id,
         .in_flight = in_flight_,
         .time = parts_.clock.wall()}
    );
    observed_once_ = true;
    observed_at_ = parts_.clock.now();
    follow_transition();
    if (settled.changed)
        save();
    for (auto const& event : settled.events)
        if (on_event_)
            on_event_(event);
}

void Engine::follow_transition() {
    auto const* patch = observed_.transition();
    auto const key = patch == nullptr ? "" : patch->name + ' ' + std::string(name(patch->state));
    if (key != transition_)
        transition_since_ = patch == nullptr ? Time() : parts_.clock.wall();
    transition_ = key;
    if (patch == nullptr)
        return blockers_.rest();
    blockers_.follow(patch->name, patch->state == PatchState::enabling ? 1 : 0);
    blockers_.refresh([this] { wake(); });
}

void Engine::publish(std::vector<Judgement> const& judgements) {
    bool const moving = observed_.transition() != nullptr;
    auto const stage = doing_ == Doing::verifying ? report::Stage::verifying
                       : doing_ == Doing::loading || doing_ == Doing::changing
                           ? report::Stage::loading
                       : moving      ? report::Stage::transitioning
                       : refreshing_ ? report::Stage::refreshing
                                     : report::Stage::idle;
    auto report = compose_report(
        world(),
        judgements,
        {.kernel = parts_.identity,
         .stage = stage,
         .warnings = warnings_,
         .transition_since = transition_since_,
         .tasks_remaining = blockers_.tasks_remaining()}
    );
    if (report == report_)
        return;
    report_ = std::move(report);
    if (on_report_)
        on_report_(report_);
}

// kmsg, uevents and inotify wake us; this is for what they do not tell. Nothing polls while nothing
// moves.
void Engine::schedule_next_look() {
    auto const now = parts_.clock.now();
    std::optional<base::Clock::Monotonic> when;
    auto const by = [&](base::Clock::Monotonic time) {
        when = when ? std::min(*when, time) : time;
    };
    bool const moving =
        std::any_of(observed_.patches.begin(), observed_.patches.end(), [](auto const& patch) {
            return in_transition(patch.state);
        });
    if (moving || !requests_.pending().empty())
        by(now + 200ms);
    for (auto const& patch : observed_.patches) {
        // The reference that a patch holds on its module goes a moment after its directory
        // (kernel/livepatch/core.c: klp_free_patch_finish).
        bool const going =
            patch.state == PatchState::disabled && world().ours(patch.name) != nullptr;
        if (going && patch.pinned)
            by(now + 1s);
    }
    for (auto const& [name, delay] : delays_)
        if (delay.until > now)
            by(delay.until);
    next_look_ = when ? parts_.clock.alarm(*when, [this] { wake(); }) : nullptr;
}

void Engine::save(std::function<void(base::Result<void>)> saved) {
    parts_.disk_worker.run(
        [this, state = state_] { return parts_.state_file.save(state); },
        [this, saved = std::move(saved)](base::Result<void> result) {
            if (!result)
                warn("state-not-persistent: " + describe(result.error()));
            else
                std::erase_if(warnings_, [](auto const& warning) {
                    return warning.starts_with("state-not-saved");
                });
            if (saved)
                saved(std::move(result));
        }
    );
}

void Engine::warn(std::string warning) {
    if (std::find(warnings_.begin(), warnings_.end(), warning) != warnings_.end())
        return;
    warnings_.push_back(std::move(warning));
    wake();
}

} // namespace livepatch::engine
