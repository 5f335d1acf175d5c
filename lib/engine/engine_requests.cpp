// The half of Engine that answers admins.
#include "engine/engine.hpp"
#include "engine/pins.hpp"

#include <boost/range/adaptor/reversed.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace livepatch::engine {

namespace {

using base::PatchState;
using report::Disposition;

constexpr auto applied_later = "a later request applies it";
constexpr auto reverted_later = "a later request reverts it";

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

bool is_managed(Judgement const& judged) {
    return judged.record != nullptr && !judged.record->sha256.empty();
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

// A result without its value is what a queue gives; these put the value back.
template <class T>
RequestQueue::Done with_value(T value, std::function<void(base::Result<T>)> done) {
    return [value = std::move(value), done = std::move(done)](base::Result<void> const& result) {
        if (result)
            done(value);
        else
            done(result.error());
    };
}

} // namespace

base::Error no_such_patch(std::string const& patch) {
    return {
        .code = base::Errc::not_found,
        .subject = patch,
        .cause = "no livepatch of this name is loaded or offered for this kernel",
        .remedy = "see: lpctl list"};
}

std::optional<Judgement> Engine::find(std::string const& patch) const {
    auto judged = judgements();
    auto const find_if = [&](auto const& condition) -> std::optional<Judgement> {
        auto const found = std::find_if(judged.begin(), judged.end(), condition);
        return found == judged.end() ? std::nullopt : std::optional(std::move(*found));
    };
    if (auto by_name = find_if([&](auto const& one) { return one.name == patch; }))
        return by_name;
    if (auto loaded = find_if([&](auto const& one) {
            return one.record != nullptr && one.record->id == patch;
        }))
        return loaded;
    return find_to_apply(patch);
}

// By module name what is chosen for it; by id the newest version of that id, whichever is chosen,
// or what is loaded under it if nobody offers it any more.
std::optional<Judgement> Engine::find_to_apply(std::string const& patch) const {
    repository::Offer const* offer = nullptr;
    bool is_name = observed_.find(patch) != nullptr;
    for (auto const& other : catalogue_.offers) {
        is_name = is_name || other.name() == patch;
        if (other.id == patch && (offer == nullptr || repository::preferred(other, *offer)))
            offer = &other;
    }
    auto requests = requests_.pending();
    auto name = patch;
    if (!is_name && offer != nullptr) {
        name = offer->name();
        requests.push_back({.name = name, .sha256 = offer->sha256}); // as if it were asked for
    }
    for (auto& judged : judge(world(observed_, keeper_.state(), requests))) {
        bool const by_record =
            offer == nullptr && judged.record != nullptr && judged.record->id == patch;
        if (judged.name == name || by_record)
            return std::move(judged);
    }
    return std::nullopt;
}

void Engine::apply(std::string const& patch, Options const& options, Done<std::string> done) {
    if (!parts_.identity.livepatch)
        return done(unsupported(parts_.identity));
    report();
    if (find_to_apply(patch))
        return apply_known(patch, options, std::move(done));
    // Its file may have come this moment.
    refresh([this, patch, options, done = std::move(done)](base::Result<void> const&) {
        apply_known(patch, options, done);
    });
}

void Engine::apply_known(std::string const& patch, Options const& options, Done<std::string> done) {
    auto const judged = find_to_apply(patch);
    if (!judged)
        return done(no_such_patch(patch));
    auto const name = judged->name;
    bool const in_flight = runner_.in_flight() == name;
    if (judged->as_wanted && !in_flight) {
        if (options.dry_run)
            return done(name);
        return carry_on(*judged, with_value(name, std::move(done)));
    }
    if (!judged->as_wanted)
        if (auto const refused = refusal(*judged, options.replace_unmanaged))
            return done(*refused);
    if (options.dry_run)
        return done(name);

    auto const sha256 = judged->offer == nullptr ? std::string() : judged->offer->sha256;
    auto added = requests_.add(
        {.kind = Request::Kind::apply,
         .name = name,
         .sha256 = sha256,
         .replace_unmanaged = options.replace_unmanaged,
         .caller = options.caller,
         .reason = options.reason},
        with_value(name, done)
    );
    if (!added)
        return done(added.error());
    requests_.cancel(Request::Kind::revert, name, applied_later);
    failures_.erase(sha256);
    backoff_.forget(name);
    // Applying by name is what lifts a hold that a revert put there. The record of the load, which
    // precedes our answer, brings that to the disk.
    if (keeper_.state().drop_hold(sha256))
        keeper_.save_with_next();
    wake();
}

// It is there already: what is lifted and cancelled is what would take it out, or keep it from
// coming back, whoever loaded it; and an older version is wanted from now on.
void Engine::carry_on(Judgement const& judged, RequestQueue::Done done) {
    auto& state = keeper_.state();
    bool const managed = is_managed(judged);
    bool lifted = managed && state.drop_hold(judged.record->sha256);
    if (judged.offer != nullptr)
        lifted = state.drop_hold(judged.offer->sha256) || lifted;
    if (managed && judged.offer != nullptr && judged.offer->sha256 == judged.record->sha256)
        repin(state, *judged.offer, judged.pin, parts_.clock.wall());
    if (managed || lifted)
        keeper_.save(std::move(done));
    else
        done({});
    requests_.cancel(Request::Kind::revert, std::string(judged.name), applied_later);
    wake();
}

void Engine::apply_all(Options const& options, Done<std::vector<std::string>> done) {
    if (!parts_.identity.livepatch)
        return done(unsupported(parts_.identity));
    report();
    auto asked = world();
    asked.replace_unmanaged = options.replace_unmanaged;
    std::vector<std::string> names;
    for (auto const& judged : judge(asked)) {
        bool const wanted = judged.disposition == Disposition::available ||
                            judged.disposition == Disposition::scheduled;
        if (wanted && judged.offer != nullptr)
            names.push_back(judged.name);
    }
    if (names.empty() || options.dry_run)
        return done(names);
    auto const one_done = gather(names.size(), with_value(names, std::move(done)));
    for (auto const& name : names)
        apply(name, options, [one_done](base::Result<std::string> const& result) {
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
    take_out(target(*judged), options, std::move(done));
}

Engine::Target Engine::target(Judgement const& judged) const {
    bool const leaves = judged.state == PatchState::disabling ||
                        (judged.state == PatchState::disabled && judged.record != nullptr);
    Target target{
        .name = judged.name,
        .digests = {},
        .rests = judged.state == PatchState::absent || leaves,
        .state = judged.state,
        // What is on its way in can be turned round at once.
        .urgent = judged.state == PatchState::enabling};
    if (judged.record != nullptr)
        target.digests.insert(judged.record->sha256);
    if (judged.offer != nullptr)
        target.digests.insert(judged.offer->sha256);
    target.digests.erase("");
    return target;
}

void Engine::take_out(Target const& target, Options const& options, RequestQueue::Done done) {
    if (runner_.in_flight() == target.name)
        runner_.abandon();
    if (target.rests && runner_.in_flight() != target.name) {
        hold(target, options);
        keeper_.save(std::move(done)); // the hold is all that was asked for
    } else {
        auto const failed = done;
        auto added = requests_.add(
            {.kind = Request::Kind::revert,
             .name = target.name,
             .sha256 = {},
             .caller = options.caller,
             .reason = options.reason},
            std::move(done),
            target.urgent && !is_being_reverted(target.name)
        );
        if (!added)
            return failed(added.error());
        hold(target, options);
        keeper_.save();
    }
    requests_.cancel(Request::Kind::apply, target.name, reverted_later);
    wake();
}

bool Engine::is_being_reverted(std::string const& name) const {
    auto const& pending = requests_.pending();
    return std::any_of(pending.begin(), pending.end(), [&](auto const& request) {
        return request.kind == Request::Kind::revert && request.name == name;
    });
}

void Engine::hold(Target const& target, Options const& options) {
    auto const reason =
        options.reason.empty() ? std::string("reverted by an administrator") : options.reason;
    bool news = false;
    for (auto const& sha256 : target.digests) {
        news = news || keeper_.state().find_hold(sha256) == nullptr;
        keeper_.state().put(Hold{
            .sha256 = sha256, .name = target.name, .reason = reason, .since = parts_.clock.wall()});
    }
    if (news)
        tell_when_saved(
            report::EventKind::held,
            target.name,
            reason + "; it is held until it is applied by name",
            options
        );
}

std::vector<Engine::Target> Engine::all_targets() const {
    auto const judged = judgements();
    auto targets = loaded_targets(judged);
    // Also what was about to be loaded: that is not what somebody wants who takes everything out.
    for (auto const& one : judged) {
        bool const asked_for = std::any_of(
            requests_.pending().begin(),
            requests_.pending().end(),
            [&](auto const& request) {
                return request.kind == Request::Kind::apply && request.name == one.name;
            }
        );
        if (one.state == PatchState::absent && (asked_for || one.name == runner_.in_flight()))
            targets.push_back(target(one));
    }
    add_coming(targets);
    // One request, of which no part is refused for the others.
    for (auto& target : targets)
        target.urgent = true;
    return targets;
}

// The newest first.
std::vector<Engine::Target> Engine::loaded_targets(std::vector<Judgement> const& judged) const {
    std::vector<Target> targets;
    for (auto const& load : boost::adaptors::reverse(keeper_.state().loads))
        for (auto const& one : judged)
            if (one.name == load.name && is_managed(one) && is_active(one.state))
                targets.push_back(target(one));
    return targets;
}

// What would be loaded by itself once the targets are out and held, and once those are held that
// came in their place, and so on: what a cumulative patch superseded is wanted without it.
void Engine::add_coming(std::vector<Target>& targets) const {
    auto observed = observed_;
    auto state = keeper_.state();
    std::vector<Request> const no_requests;
    for (std::size_t next = 0;;) {
        for (; next < targets.size(); ++next) {
            auto const& target = targets[next];
            std::erase_if(observed.patches, [&](auto const& patch) {
                return patch.name == target.name;
            });
            for (auto const& sha256 : target.digests)
                state.put(Hold{.sha256 = sha256, .name = target.name, .reason = {}, .since = {}});
        }
        auto without = world(observed, state, no_requests);
        without.in_flight = {};
        without.stopped.reset(); // a pause ends
        for (auto const& one : judge(without))
            if (one.disposition == Disposition::scheduled)
                targets.push_back(target(one));
        if (next == targets.size())
            return;
    }
}

void Engine::revert_all(Options const& options, Done<void> done) {
    report();
    auto const targets = all_targets();
    if (targets.empty() || options.dry_run)
        return done({});
    auto const one_done = gather(targets.size(), std::move(done));
    for (auto const& target : targets)
        take_out(target, options, one_done);
}

void Engine::blockers(Done<SharedBlockers> done) {
    report();
    if (observed_.transition() == nullptr)
        return done(std::make_shared<Blockers const>());
    blockers_.request([this, done = std::move(done)](base::Result<BlockerWatch::Scan> const& scan) {
        if (scan)
            done(explain(*scan));
        else
            done(scan.error());
    });
}

Engine::SharedBlockers Engine::explain(BlockerWatch::Scan const& scan) {
    if (std::exchange(explained_scan_, scan) == scan)
        return explained_;
    auto blockers = std::make_shared<Blockers>();
    if (auto const* patch = observed_.transition()) {
        blockers->patch = patch->name;
        blockers->since = transition_since_;
        for (auto const& task : scan->tasks)
            blockers->tasks.push_back(kernel::explain(task, patch->objects));
    }
    explained_ = std::move(blockers);
    return explained_;
}

} // namespace livepatch::engine
