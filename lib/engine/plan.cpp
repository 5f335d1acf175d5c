#include "engine/plan.hpp"

#include "engine/pins.hpp"
#include "engine/replacement.hpp"
#include "engine/selection.hpp"

#include <algorithm>

namespace livepatch::engine {

namespace {

using base::PatchState;
using Kind = Action::Kind;

Action finish(Request const& request, std::optional<base::Error> error = {}) {
    return {
        .kind = Kind::finish,
        .name = request.name,
        .request = request.id,
        .error = std::move(error)};
}

// Whether the kernel would take another livepatch operation now.
bool is_quiet(World const& world) {
    return std::none_of(
        world.observed.patches.begin(),
        world.observed.patches.end(),
        [](auto const& patch) { return in_transition(patch.state); }
    );
}

Judgement const* find(std::vector<Judgement> const& judgements, std::string_view name) {
    for (auto const& judged : judgements)
        if (judged.name == name)
            return &judged;
    return nullptr;
}

// The hold that the request has put there keeps it out of the next boot.
base::Error irreversible(Request const& request) {
    return {
        .code = base::Errc::conflict,
        .subject = request.name,
        .cause = "its publisher says that it cannot be taken out of a running kernel without harm",
        .remedy = "reboot: it will not be loaded again"};
}

std::optional<Action>
revert_step(World const& world, Request const& request, Judgement const* judged) {
    auto const act = [&](Kind kind) {
        return Action{.kind = kind, .name = request.name, .request = request.id};
    };
    switch (judged == nullptr ? PatchState::absent : judged->state) {
    case PatchState::disabled:
        // Unloading what is left of ours is clean-up; what another tool left is taken out when
        // somebody asks for it.
        if (judged->record == nullptr && !world.unremovable.contains(request.name))
            return act(Kind::remove);
        return finish(request);
    case PatchState::absent:
    case PatchState::disabling:
        return finish(request);
    case PatchState::enabling:
        // Before the transition itself runs (callbacks, ftrace) a write would only wait for the
        // kernel's lock.
        if (judged->observed->transition)
            return act(Kind::disable);
        return std::nullopt;
    case PatchState::enabled:
        if (world.is_irreversible(request.name))
            return finish(request, irreversible(request));
        if (is_quiet(world))
            return act(Kind::disable);
        return std::nullopt;
    }
    return std::nullopt;
}

base::Error gone(Request const& request) {
    return {
        .code = base::Errc::not_found,
        .subject = request.name,
        .cause = "its file is gone from the source",
        .remedy = {}};
}

// The admin asked for the one that was there; a hold may stand against the other.
base::Error changed(Request const& request) {
    return {
        .code = base::Errc::conflict,
        .subject = request.name,
        .cause = "its file was replaced since it was asked for",
        .remedy = "try again"};
}

std::optional<Action>
apply_step(World const& world, Request const& request, Judgement const* judged) {
    if (judged == nullptr)
        return finish(request, gone(request));
    if (judged->as_wanted)
        return finish(request);
    if (auto refused = refusal(*judged, request.replace_unmanaged))
        return finish(request, std::move(refused));
    if (judged->offer->sha256 != request.sha256)
        return finish(request, changed(request));
    Action action{
        .kind = Kind::load,
        .name = request.name,
        .request = request.id,
        .offer = judged->offer,
        .pin = judged->pin};
    if (judged->state == PatchState::disabling) {
        // A transition under way can be turned round; once it has ended the module must be loaded
        // anew.
        action.kind = Kind::enable;
        return judged->observed->transition ? std::optional(action) : std::nullopt;
    }
    if (!is_quiet(world))
        return std::nullopt;
    if (judged->state == PatchState::disabled)
        action.kind = Kind::remove;
    return action;
}

std::optional<Action> step(World const& world, Request const& request, Judgement const* judged) {
    // What is being done to it right now is not over; then the kernel is asked again.
    if (request.name == world.in_flight)
        return std::nullopt;
    return request.kind == Request::Kind::revert ? revert_step(world, request, judged)
                                                 : apply_step(world, request, judged);
}

bool others_wait(std::string const& name, std::vector<Judgement> const& judgements) {
    return std::any_of(judgements.begin(), judgements.end(), [&](auto const& other) {
        return other.name != name && other.disposition == report::Disposition::scheduled &&
               !other.not_yet;
    });
}

bool is_to_leave(World const& world, Judgement const& judged) {
    if (judged.record == nullptr || judged.record->sha256.empty())
        return false;
    return judged.disposition == report::Disposition::quarantined ||
           world.is_to_leave(judged.record->sha256);
}

// What takes the place of what did harm.
bool is_replacement(World const& world, Judgement const& judged) {
    return judged.record->replace == module::Replace::yes &&
           world.state.is_good(judged.record->sha256, world.kernel);
}

// Harm waits for nobody else of ours: what is on its way in is turned round, and comes again later.
std::optional<Action> give_way(World const& world, std::vector<Judgement> const& judgements) {
    for (auto const& judged : judgements)
        if (judged.name != world.in_flight && judged.record != nullptr &&
            judged.state == PatchState::enabling && judged.observed->transition &&
            !is_replacement(world, judged))
            return Action{.kind = Kind::disable, .name = judged.name};
    return std::nullopt;
}

// What has to leave, of what is loaded.
std::optional<Action>
rescue(World const& world, Judgement const& judged, std::vector<Judgement> const& judgements) {
    bool const overdue = judged.name == world.overdue &&
                         (!world.reverse_for_others_only || others_wait(judged.name, judgements));
    if (judged.name == world.in_flight || !(is_to_leave(world, judged) || overdue))
        return std::nullopt;
    if (judged.state == PatchState::enabling && judged.observed->transition)
        return Action{.kind = Kind::disable, .name = judged.name, .overdue = overdue};
    if (overdue || judged.state != PatchState::enabled || world.is_irreversible(judged.name))
        return std::nullopt;
    if (!is_quiet(world))
        return give_way(world, judgements);
    if (auto const* offer =
            world.obstacle.empty() ? replacement_for(world, judged, judgements) : nullptr)
        return Action{
            .kind = Kind::load, .name = offer->name(), .offer = offer, .over = judged.name};
    return Action{.kind = Kind::disable, .name = judged.name};
}

bool is_removable(World const& world, Judgement const& judged) {
    return judged.state == PatchState::disabled && judged.record != nullptr &&
           !world.unremovable.contains(judged.name);
}

} // namespace

std::vector<Action> plan(World const& world, std::vector<Judgement> const& judgements) {
    std::vector<Action> actions;
    for (auto const& judged : judgements)
        if (auto action = rescue(world, judged, judgements))
            actions.push_back(std::move(*action));
    for (auto const& request : world.requests)
        if (auto action = step(world, request, find(judgements, request.name)))
            actions.push_back(std::move(*action));
    for (auto const& judged : judgements) {
        if (judged.name == world.in_flight)
            continue;
        if (is_removable(world, judged)) {
            actions.push_back({.kind = Kind::remove, .name = judged.name});
        } else if (judged.disposition == report::Disposition::scheduled && !judged.not_yet && is_quiet(world)) {
            actions.push_back({.kind = Kind::load, .name = judged.name, .offer = judged.offer});
        }
    }
    return actions;
}

} // namespace livepatch::engine
