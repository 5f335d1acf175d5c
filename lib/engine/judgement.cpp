#include "engine/judgement.hpp"

#include <algorithm>
#include <set>

namespace livepatch::engine {

namespace {

using base::PatchState;
using report::Disposition;

bool is_enabled(World const& world, std::string_view name) {
    auto const* observed = world.observed.find(name);
    return observed != nullptr &&
           (observed->state == PatchState::enabled || observed->state == PatchState::enabling);
}

// The record that says a cumulative patch, which is still there, took this one's place.
LoadRecord const* replacement(World const& world, std::string_view name) {
    auto const* record = world.state.find_load(name, world.boot_id);
    bool const replaced = record != nullptr && record->stage == Stage::replaced;
    return replaced && is_enabled(world, record->replaced_by) ? record : nullptr;
}

bool is_active(Judgement const& judged) {
    return judged.state == PatchState::enabled || in_transition(judged.state);
}

void dispose(Judgement& judged, Disposition disposition, std::string reason = {}) {
    judged.disposition = disposition;
    judged.reason = std::move(reason);
}

// A record without a digest is of another tool's patch that an admin told us to take out.
bool is_managed(Judgement const& judged) {
    return judged.record != nullptr && !judged.record->sha256.empty();
}

// What is loaded is not what is offered, as far as one can tell.
bool is_another_build(Judgement const& judged) {
    if (judged.observed == nullptr || judged.offer == nullptr || judged.offer->refused ||
        !is_active(judged))
        return false;
    if (is_managed(judged))
        return judged.record->sha256 != judged.offer->sha256;
    auto const& offered = judged.offer->module.build_id;
    auto const& loaded = judged.observed->build_id;
    return !offered.empty() && !loaded.empty() && offered != loaded;
}

base::Error unsupported(std::string const& name) {
    return {
        .code = base::Errc::unsupported,
        .subject = name,
        .cause = "this kernel is built without livepatching (CONFIG_LIVEPATCH)",
        .remedy = "boot a kernel that has it"};
}

base::Error another_build(Judgement const& judged) {
    return {
        .code = base::Errc::conflict,
        .subject = judged.name,
        .cause = "another build of this module is loaded, and a module cannot be swapped while it "
                 "is in use",
        .remedy = "revert it first: lpctl revert " + judged.name};
}

// The kernel refuses a second module of the same name (EEXIST), also when the first is disabled.
std::optional<base::Error> leftover_in_the_way(World const& world, Judgement const& judged) {
    if (judged.observed == nullptr || judged.state != PatchState::disabled)
        return std::nullopt;
    bool const ours = judged.record != nullptr;
    bool const stays =
        world.unremovable.contains(judged.name) || (judged.observed->pinned && !ours);
    if (ours && !stays)
        return std::nullopt; // ours, and about to be removed
    return base::Error{
        .code = base::Errc::conflict,
        .subject = judged.name,
        .cause = stays ? "a disabled module of this name cannot be unloaded any more"
                       : "a disabled module of this name, loaded by another tool, is still there",
        .remedy = stays ? "reboot" : "unload it: rmmod " + judged.name};
}

// Why the chosen offer cannot be loaded now, whoever asks.
std::optional<base::Error> refusal(World const& world, Judgement const& judged) {
    if (judged.offer == nullptr) {
        return base::Error{
            .code = base::Errc::not_found,
            .subject = judged.name,
            .cause = "no source offers it",
            .remedy = "put its file into a source's directory"};
    }
    if (judged.offer->refused)
        return judged.offer->refused;
    if (!world.livepatch)
        return unsupported(judged.name);
    if (is_another_build(judged))
        return another_build(judged);
    if (auto blocked = leftover_in_the_way(world, judged))
        return blocked;
    return conflict_with_unmanaged(world, *judged.offer);
}

void judge_loaded(World const& world, Judgement& judged) {
    if (!is_managed(judged))
        return dispose(judged, Disposition::unmanaged, "loaded by another tool");
    auto const* hold = world.state.find_hold(judged.record->sha256);
    if (hold != nullptr)
        return dispose(judged, Disposition::held, hold->reason);
    if (judged.record->stage == Stage::replaced)
        return dispose(judged, Disposition::replaced, "replaced by " + judged.record->replaced_by);
    if (is_another_build(judged))
        return dispose(
            judged,
            Disposition::managed,
            "another build is offered; " + another_build(judged).remedy
        );
    dispose(judged, Disposition::managed);
}

void judge_absent(World const& world, Judgement& judged) {
    auto const& offer = *judged.offer;
    if (auto const* hold = world.state.find_hold(offer.sha256))
        return dispose(judged, Disposition::held, hold->reason);
    if (judged.refusal)
        return dispose(judged, Disposition::rejected, describe(*judged.refusal));
    if (auto const failed = world.failures.find(offer.sha256); failed != world.failures.end())
        return dispose(judged, Disposition::rejected, describe(failed->second));
    if (auto const* record = replacement(world, judged.name))
        return dispose(judged, Disposition::replaced, "replaced by " + record->replaced_by);
    if (world.mode == report::Mode::automatic && world.obstacle.empty())
        return dispose(judged, Disposition::scheduled);
    auto const automatic = world.mode == report::Mode::automatic;
    dispose(
        judged,
        Disposition::available,
        automatic ? "not loaded by itself: " + world.obstacle : std::string()
    );
}

Judgement judge_one(World const& world, std::string const& name) {
    Judgement judged{.name = name, .refusal = {}, .reason = {}};
    judged.observed = world.observed.find(name);
    judged.offer = world.catalogue.choose(name);
    if (judged.observed != nullptr) {
        judged.state = judged.observed->state;
        judged.record = world.ours(name);
    }
    judged.refusal = refusal(world, judged);
    bool const active = judged.state == PatchState::enabled || judged.state == PatchState::enabling;
    judged.as_wanted = active && !is_another_build(judged);
    // A disabled module of ours is on its way out: it counts as not loaded, if it is offered.
    bool const leftover = judged.record != nullptr && judged.state == PatchState::disabled;
    if (judged.observed != nullptr && (!leftover || judged.offer == nullptr))
        judge_loaded(world, judged);
    else
        judge_absent(world, judged);
    return judged;
}

} // namespace

bool matches(LoadRecord const& record, kernel::ObservedPatch const& observed) {
    return record.build_id.empty() || observed.build_id.empty() ||
           record.build_id == observed.build_id;
}

LoadRecord const* World::ours(std::string_view name) const {
    auto const* patch = observed.find(name);
    auto const* record = state.find_load(name, boot_id);
    return patch != nullptr && record != nullptr && matches(*record, *patch) ? record : nullptr;
}

std::optional<base::Error>
conflict_with_unmanaged(World const& world, repository::Offer const& offer) {
    if (offer.module.replace == module::Replace::no)
        return std::nullopt;
    for (auto const& patch : world.observed.patches) {
        bool const active =
            patch.state == PatchState::enabled || patch.state == PatchState::enabling;
        if (!active || patch.name == offer.name() || world.ours(patch.name) != nullptr)
            continue;
        auto const* is = offer.module.replace == module::Replace::yes ? "is" : "may be";
        return base::Error{
            .code = base::Errc::conflict,
            .subject = offer.name(),
            .cause = std::string("it ") + is + " cumulative and would replace " + patch.name +
                     ", which another tool loaded",
            .remedy = "lpctl apply --replace-unmanaged " + offer.name() +
                      ", or cumulative = false for its source if its patches replace nothing"};
    }
    return std::nullopt;
}

std::vector<Judgement> judge(World const& world) {
    std::vector<Judgement> judgements;
    std::set<std::string, std::less<>> seen;
    for (auto const& offer : world.catalogue.offers)
        if (seen.insert(offer.name()).second)
            judgements.push_back(judge_one(world, offer.name()));
    for (auto const& patch : world.observed.patches)
        if (seen.insert(patch.name).second)
            judgements.push_back(judge_one(world, patch.name));
    return judgements;
}

} // namespace livepatch::engine
