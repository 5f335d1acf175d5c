#include "engine/judgement.hpp"

#include "engine/selection.hpp"
#include "preflight/checklist.hpp"
#include "repository/shortlist.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>

namespace livepatch::engine {

namespace {

using base::PatchState;
using report::Disposition;

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

// A source that offers nothing any more counts by what it left in the kernel. That has to be named:
// the source itself may stand in no list.
std::string other_lineage_reason(Selection::Owner const& owner) {
    if (owner.offers)
        return "other-lineage";
    return "other-lineage: " + std::string(owner.loaded) + " is loaded, of the source " +
           std::string(owner.source) + " that is gone";
}

base::Error other_lineage(Judgement const& judged, Selection::Owner const& owner) {
    auto const source = std::string(owner.source);
    auto const loaded = std::string(owner.loaded);
    std::string remedy = "give its source a higher priority";
    if (owner.offers)
        remedy += ", or disable the other one";
    if (!loaded.empty())
        remedy += (owner.offers ? " and revert " : ", or revert ") +
                  ("its patch: lpctl revert " + loaded);
    return {
        .code = base::Errc::conflict,
        .subject = judged.name,
        .cause =
            (owner.offers ? "another source, " + source + ", has cumulative patches"
                          : loaded + " is loaded, which is or may be cumulative, of the source " +
                                source + " that is gone") +
            ", and the patches of two sources cannot stand together",
        .remedy = std::move(remedy)};
}

// An admin's own hold; a revert's is lifted by applying.
std::optional<base::Error> why_held(World const& world, Judgement const& judged) {
    auto const* hold =
        judged.offer == nullptr ? nullptr : world.state.find_hold_of(judged.offer->id, judged.name);
    if (hold == nullptr)
        return std::nullopt;
    return base::Error{
        .code = base::Errc::held,
        .subject = judged.name,
        .cause = "held by an administrator: " + hold->reason,
        .remedy = "lpctl unhold " + hold->id};
}

// What did harm. Only an admin's word lifts that, and it has to be that word: to ask for the patch
// is not enough.
std::optional<base::Error> why_quarantined(World const& world, Judgement const& judged) {
    auto const* quarantine =
        judged.offer == nullptr ? nullptr : world.state.find_quarantine(judged.offer->sha256);
    if (quarantine == nullptr)
        return std::nullopt;
    return base::Error{
        .code = base::Errc::quarantined,
        .subject = judged.name,
        .cause = "quarantined: " + quarantine->reason,
        .remedy = "a new version is loaded by itself; to try this one again: lpctl unhold " +
                  judged.name};
}

// What its publisher says that has to be in the kernel with it, and must not be.
std::optional<base::Error> why_not_beside(World const& world, Judgement const& judged) {
    if (judged.offer == nullptr)
        return std::nullopt;
    auto const error = [&](std::string cause, std::string remedy) {
        return base::Error{
            .code = base::Errc::conflict,
            .subject = judged.name,
            .cause = std::move(cause),
            .remedy = std::move(remedy)};
    };
    if (auto const with = std::string(world.conflicts_with(*judged.offer)); !with.empty())
        return error("it cannot be in the kernel with " + with, "lpctl revert " + with);
    if (auto const over = std::string(world.cannot_take_over(*judged.offer)); !over.empty())
        return error(
            "it does not know how to take over what " + over +
                " has changed in the system (klp_state), and the kernel would refuse it",
            "lpctl revert " + over
        );
    if (auto const what = std::string(world.would_undo(*judged.offer)); !what.empty())
        return error(
            "it is older than " + what + ", which cannot be undone without harm",
            "lpctl revert " + what + ", and reboot"
        );
    if (auto const id = std::string(world.lacks(*judged.offer)); !id.empty())
        return error("it requires " + id + ", which is not loaded", "lpctl apply " + id);
    return std::nullopt;
}

std::optional<base::Error> first_of(std::initializer_list<std::optional<base::Error>> errors) {
    for (auto const& error : errors)
        if (error)
            return error;
    return std::nullopt;
}

// The refusal for loading `offer` while patches that nobody manages are enabled, if it is or may be
// cumulative: it would silently replace them.
std::optional<base::Error>
conflict_with_unmanaged(World const& world, repository::Offer const& offer) {
    if (offer.module.replace == module::Replace::no || world.replace_unmanaged)
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

// The kernel would refuse it with "Unknown symbol", which names no module.
std::optional<base::Error> why_too_early(World const& world, Judgement const& judged) {
    auto const module =
        judged.offer == nullptr ? std::string() : std::string(world.waits_for(*judged.offer));
    if (module.empty())
        return std::nullopt;
    return preflight::missing_dependency(judged.name, module);
}

// Why the chosen offer cannot be loaded, whatever else is in the kernel.
std::optional<base::Error>
why_unusable(World const& world, Selection const& selection, Judgement const& judged) {
    if (judged.offer == nullptr) {
        return base::Error{
            .code = base::Errc::not_found,
            .subject = judged.name,
            .cause = "no source offers it",
            .remedy = "put its file into a source's directory"};
    }
    if (judged.offer->refused)
        return judged.offer->refused;
    // Whoever else offers it, and whoever asks for it.
    if (auto const* withdrawal = world.taken_back(judged.offer->sha256))
        return repository::taken_back_error(judged.name, *withdrawal);
    if (!world.livepatch)
        return unsupported(judged.name);
    if (auto const owner = selection.other_lineage(*judged.offer))
        return other_lineage(judged, *owner);
    if (is_another_build(judged))
        return another_build(judged);
    return leftover_in_the_way(world, judged);
}

std::string taken_back_reason(repository::Withdrawal const& withdrawal) {
    return withdrawal.reason.empty() ? "taken back by its publisher"
                                     : "taken back by its publisher: " + withdrawal.reason;
}

void judge_loaded(World const& world, Judgement& judged) {
    if (!is_managed(judged))
        return dispose(judged, Disposition::unmanaged, "loaded by another tool");
    auto const& record = *judged.record;
    if (auto const* quarantine = world.state.find_quarantine(record.sha256))
        return dispose(judged, Disposition::quarantined, quarantine->reason);
    if (auto const* withdrawal = world.taken_back(record.sha256))
        return dispose(judged, Disposition::withdrawn, taken_back_reason(*withdrawal));
    if (auto const* hold = world.state.find_hold_of(record.id, record.name))
        return dispose(judged, Disposition::held, hold->reason);
    if (auto const* hold = world.state.find_hold(record.sha256))
        return dispose(judged, Disposition::held, hold->reason);
    if (record.stage == Stage::replaced)
        return dispose(judged, Disposition::replaced, "replaced by " + record.replaced_by);
    if (is_another_build(judged))
        return dispose(
            judged,
            Disposition::managed,
            "another build is offered; " + another_build(judged).remedy
        );
    dispose(judged, Disposition::managed);
}

// Why it is not to be had by itself, in words; "" = it is.
std::string waits_for(World const& world) {
    if (world.mode != report::Mode::automatic)
        return "";
    if (world.stopped)
        return "not loaded by itself: " + world.stopped->cause;
    return world.obstacle.empty() ? "" : "not loaded by itself: " + world.obstacle;
}

// What needs another patch: it comes after it, if that comes by itself.
void judge_dependent(
    World const& world, Selection const& selection, std::string const& id, Judgement& judged
) {
    auto const& offers = world.catalogue.offers;
    bool const comes = std::any_of(offers.begin(), offers.end(), [&](auto const& other) {
        return other.id == id && other.source == judged.offer->source &&
               selection.comes_by_itself(other);
    });
    bool const by_itself =
        world.mode == report::Mode::automatic && world.obstacle.empty() && !world.stopped;
    if (!comes)
        return dispose(judged, Disposition::rejected, "requires " + id + ", which is not loaded");
    judged.not_yet = by_itself;
    dispose(
        judged,
        by_itself ? Disposition::scheduled : Disposition::available,
        "requires " + id + ", which comes first"
    );
}

// `blocked`: why the kernel cannot have it, whatever an admin says.
void judge_absent(
    World const& world,
    Selection const& selection,
    std::optional<base::Error> const& blocked,
    Judgement& judged
) {
    auto const& offer = *judged.offer;
    if (auto const* quarantine = world.state.find_quarantine(offer.sha256))
        return dispose(judged, Disposition::quarantined, quarantine->reason);
    if (auto const* withdrawal = world.taken_back(offer.sha256))
        return dispose(judged, Disposition::withdrawn, taken_back_reason(*withdrawal));
    if (auto const* hold = world.state.find_hold_of(offer.id, offer.name()))
        return dispose(judged, Disposition::held, hold->reason);
    if (auto const* hold = world.state.find_hold(offer.sha256))
        return dispose(judged, Disposition::held, hold->reason);
    if (auto const owner = selection.other_lineage(offer); owner && !offer.refused)
        return dispose(judged, Disposition::rejected, other_lineage_reason(*owner));
    if (blocked)
        return dispose(judged, Disposition::rejected, describe(*blocked));
    if (auto const failed = world.failures.find(offer.sha256); failed != world.failures.end())
        return dispose(judged, Disposition::rejected, describe(failed->second));
    if (auto const module = std::string(world.waits_for(offer)); !module.empty())
        return dispose(judged, Disposition::rejected, "waits for module " + module);
    if (auto const by = std::string(selection.superseded_by(offer)); !by.empty()) {
        auto const* other = world.observed.find(by);
        bool const there = other != nullptr && other->state == PatchState::enabled;
        return dispose(
            judged, Disposition::replaced, (there ? "replaced by " : "superseded by ") + by
        );
    }
    if (auto const with = std::string(world.conflicts_with(offer)); !with.empty())
        return dispose(
            judged, Disposition::rejected, "conflict: it cannot be in the kernel with " + with
        );
    if (auto const over = std::string(world.cannot_take_over(offer)); !over.empty())
        return dispose(
            judged, Disposition::rejected, "conflict: it cannot take over the states of " + over
        );
    if (auto const what = std::string(world.would_undo(offer)); !what.empty())
        return dispose(
            judged,
            Disposition::rejected,
            "older than " + what + ", which cannot be undone without harm"
        );
    if (auto const id = std::string(world.lacks(offer)); !id.empty())
        return judge_dependent(world, selection, id, judged);
    if (auto const* pin = selection.pinned_older(offer))
        return dispose(
            judged,
            Disposition::held,
            "an older version is pinned; lpctl unhold " + pin->name + " lifts that"
        );
    bool const restored = world.restore.contains(offer.sha256);
    if (auto const* newer = selection.went_back_from(offer); newer != nullptr && !restored)
        return dispose(
            judged,
            Disposition::available,
            "older than " + newer->id + ", which proved good here and which " + offer.source +
                " neither names any more nor has taken back; lpctl apply " + judged.name +
                " goes back to it"
        );
    if (auto const below = world.below.find(offer.sha256); below != world.below.end() && !restored)
        return dispose(judged, Disposition::available, below->second);
    bool const wanted = world.mode == report::Mode::automatic || restored;
    if (wanted && world.obstacle.empty() && !world.stopped) {
        auto const later = world.not_yet.find(offer.sha256);
        judged.not_yet = later != world.not_yet.end();
        return dispose(
            judged, Disposition::scheduled, judged.not_yet ? later->second : std::string()
        );
    }
    dispose(judged, Disposition::available, waits_for(world));
}

Judgement judge_one(World const& world, Selection const& selection, std::string const& name) {
    Judgement judged{.name = name, .refusal = {}, .reason = {}};
    judged.observed = world.observed.find(name);
    judged.offer = selection.chosen(name);
    if (judged.observed != nullptr) {
        judged.state = judged.observed->state;
        judged.record = world.ours(name);
    }
    auto const conflict =
        judged.offer == nullptr ? std::nullopt : conflict_with_unmanaged(world, *judged.offer);
    auto const unusable = why_unusable(world, selection, judged);
    auto const firm = first_of(
        {why_quarantined(world, judged),
         why_held(world, judged),
         unusable,
         world.stopped,
         why_not_beside(world, judged),
         why_too_early(world, judged)}
    );
    judged.refusal = first_of({firm, conflict});
    judged.over_unmanaged = conflict && !firm;
    if (judged.offer != nullptr)
        judged.pin = selection.pin_of(*judged.offer);
    bool const active = judged.state == PatchState::enabled || judged.state == PatchState::enabling;
    judged.as_wanted = active && !is_another_build(judged);
    // A disabled module of ours is on its way out: it counts as not loaded, if it is offered.
    bool const leftover = judged.record != nullptr && judged.state == PatchState::disabled;
    if (judged.observed != nullptr && (!leftover || judged.offer == nullptr))
        judge_loaded(world, judged);
    else
        judge_absent(world, selection, first_of({unusable, conflict}), judged);
    return judged;
}

} // namespace

std::optional<base::Error> refusal(Judgement const& judged, bool replace_unmanaged) {
    bool const overridden = judged.over_unmanaged && replace_unmanaged;
    return overridden ? std::nullopt : judged.refusal;
}

std::vector<Judgement> judge(World const& world) {
    Selection const selection(world);
    std::vector<Judgement> judgements;
    std::set<std::string, std::less<>> seen;
    for (auto const& offer : world.catalogue.offers)
        if (seen.insert(offer.name()).second)
            judgements.push_back(judge_one(world, selection, offer.name()));
    for (auto const& patch : world.observed.patches)
        if (seen.insert(patch.name).second)
            judgements.push_back(judge_one(world, selection, patch.name));
    return judgements;
}

} // namespace livepatch::engine
