// What an admin does not want: holds, pins, and the pause.
#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

namespace {

constexpr auto no_reason = "no reason given";

base::Error paused(std::string cause, std::string remedy) {
    return {
        .code = base::Errc::paused,
        .subject = "nothing is loaded",
        .cause = std::move(cause),
        .remedy = std::move(remedy)};
}

} // namespace

std::optional<base::Error> Engine::stopped() const {
    if (switched_off_)
        return paused(*switched_off_, "");
    if (auto const& pause = keeper_.state().pause)
        return paused("paused: " + pause->reason, "lpctl resume");
    return std::nullopt;
}

void Engine::hold(std::string const& patch, Options const& options, Done<void> done) {
    report();
    auto& state = keeper_.state();
    auto const* known = state.find_hold_of(patch, patch);
    auto const judged = find(patch);
    if (known == nullptr && !judged)
        return done(no_such_patch(patch));
    auto const name = judged ? judged->name : known->name;
    auto const why = !options.reason.empty() ? options.reason
                     : known != nullptr      ? known->reason
                                             : std::string(no_reason);
    bool const news = known == nullptr || known->reason != why;
    std::erase_if(state.holds, [&](auto const& hold) { return hold.id == patch; });
    state.put(Hold{
        .id = patch, .sha256 = {}, .name = name, .reason = why, .since = parts_.clock.wall()});
    if (news)
        tell_when_saved(report::EventKind::held, name, "held: " + why, options);
    keeper_.save(std::move(done)); // whoever is answered can rely on it
    wake();
}

// A patch goes by its module's name and by the ids under which it is loaded or offered.
std::set<std::string> Engine::words_for(std::string const& patch) const {
    std::set<std::string> names{patch};
    for (auto const& offer : catalogue_.offers)
        if (offer.id == patch)
            names.insert(offer.name());
    for (auto const& load : keeper_.state().loads)
        if (load.id == patch)
            names.insert(load.name);
    auto words = names;
    for (auto const& offer : catalogue_.offers)
        if (names.contains(offer.name()))
            words.insert(offer.id);
    for (auto const& load : keeper_.state().loads)
        if (names.contains(load.name))
            words.insert(load.id);
    return words;
}

void Engine::unhold(std::string const& patch, Options const& options, Done<void> done) {
    report();
    auto const words = words_for(patch);
    auto& state = keeper_.state();
    auto const lifted =
        std::erase_if(
            state.holds,
            [&](auto const& hold) { return words.contains(hold.id) || words.contains(hold.name); }
        ) +
        std::erase_if(
            state.pins,
            [&](auto const& pin) { return words.contains(pin.name) || words.contains(pin.id); }
        ) +
        std::erase_if(state.quarantines, [&](auto const& quarantine) {
            return words.contains(quarantine.name) || words.contains(quarantine.id);
        });
    auto const judged = find(patch);
    if (lifted == 0)
        return judged ? done({}) : done(no_such_patch(patch));
    auto const name = judged ? judged->name : patch;
    tell_when_saved(report::EventKind::unheld, name, "not held any more", options);
    keeper_.save(std::move(done));
    wake();
}

void Engine::pause(Options const& options, Done<void> done) {
    auto& pause = keeper_.state().pause;
    auto const why = !options.reason.empty() ? options.reason
                     : pause                 ? pause->reason
                                             : std::string(no_reason);
    if (!pause || pause->reason != why)
        tell_when_saved(
            report::EventKind::paused, {}, "nothing is loaded any more: " + why, options
        );
    pause = Pause{.reason = why, .since = pause ? pause->since : parts_.clock.wall()};
    keeper_.save(std::move(done));
    wake();
}

// Who begins anew counts his versions anew: nothing of his is older than what was here before.
void Engine::begin_anew(std::string const& source) {
    auto& state = keeper_.state();
    for (auto& load : state.loads)
        load.outdated = load.outdated || load.source == source;
    for (auto& good : state.good)
        good.outdated = good.outdated || good.source == source;
    unsaved_ = true;
}

void Engine::reset_trust(std::string const& source, Options const& options, Done<void> done) {
    parts_.source_worker.run(
        [this, source] { return parts_.sources.reset_trust(source); },
        [this, source, options, done = std::move(done)](base::Result<void> const& reset) {
            if (!reset)
                return done(reset);
            tell({asked(
                report::EventKind::trust_reset,
                {},
                "what was accepted of the repository " + source + " is forgotten",
                options
            )});
            begin_anew(source);
            refresh(done);
        }
    );
}

void Engine::resume(Options const& options, Done<void> done) {
    auto& state = keeper_.state();
    bool const paused = std::exchange(state.pause, std::nullopt).has_value();
    bool const lost = std::exchange(state.lost, false);
    bool const looped = std::exchange(state.boot_loop, false);
    state.unclean_boots = 0;
    state.damage.clear();
    complain("state-damaged", {});
    if (paused || lost || looped)
        tell_when_saved(report::EventKind::resumed, {}, "patches are loaded again", options);
    keeper_.save(std::move(done));
    wake();
}

} // namespace livepatch::engine
