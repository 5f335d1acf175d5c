#include "engine/world.hpp"

#include "engine/pins.hpp"

#include <algorithm>

namespace livepatch::engine {

using base::PatchState;

bool matches(LoadRecord const& record, kernel::ObservedPatch const& observed) {
    return record.build_id.empty() || observed.build_id.empty() ||
           record.build_id == observed.build_id;
}

LoadRecord const* World::ours(std::string_view name) const {
    auto const* patch = observed.find(name);
    auto const* record = state.find_load(name, boot_id);
    return patch != nullptr && record != nullptr && matches(*record, *patch) ? record : nullptr;
}

repository::Withdrawal const* World::taken_back(std::string_view sha256) const {
    auto const found = catalogue.taken_back.find(sha256);
    return found == catalogue.taken_back.end() ? nullptr : &found->second;
}

bool World::is_to_leave(std::string_view sha256) const {
    auto const* withdrawal = taken_back(sha256);
    return revert_withdrawn && withdrawal != nullptr && withdrawal->revert;
}

namespace {

bool contains(std::vector<std::string> const& ids, std::string const& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// What of ours runs in the kernel, or is on its way in, with what its source says of it.
template <class Visit>
void each_in_kernel(World const& world, Visit const& visit) {
    for (auto const& patch : world.observed.patches) {
        auto const* record = world.ours(patch.name);
        bool const active =
            patch.state == PatchState::enabled || patch.state == PatchState::enabling;
        if (record != nullptr && active && !record->sha256.empty())
            visit(*record, patch.state, world.catalogue.find_digest(record->sha256));
    }
}

} // namespace

// One that has taken the place of the needed one is as good.
std::string_view World::lacks(repository::Offer const& offer) const {
    for (auto const& id : offer.needs) {
        bool there = false;
        each_in_kernel(*this, [&](auto const& record, auto state_now, auto const* said) {
            bool const stands_for =
                record.id == id || (said != nullptr && contains(said->supersedes, id));
            there = there || (stands_for && state_now == PatchState::enabled);
        });
        if (!there)
            return id;
    }
    return {};
}

std::string_view World::conflicts_with(repository::Offer const& offer) const {
    std::string_view with;
    // What replaces all others takes these out, too.
    if (offer.module.replace == module::Replace::yes)
        return with;
    each_in_kernel(*this, [&](auto const& record, auto, auto const* said) {
        bool const conflict = contains(offer.conflicts, record.id) ||
                              (said != nullptr && contains(said->conflicts, offer.id));
        if (conflict && record.name != offer.name())
            with = record.name;
    });
    return with;
}

namespace {

// klp_is_state_compatible(), kernel/livepatch/state.c.
bool takes_over(repository::Offer const& offer, repository::SystemState const& old) {
    auto const known =
        std::find_if(offer.states.begin(), offer.states.end(), [&](auto const& state) {
            return state.id == old.id;
        });
    if (known == offer.states.end())
        return offer.module.replace != module::Replace::yes;
    return known->version >= old.version;
}

} // namespace

std::string_view World::cannot_take_over(repository::Offer const& offer) const {
    std::string_view whose;
    each_in_kernel(*this, [&](LoadRecord const& record, auto, repository::Offer const* said) {
        bool const untold = offer.states.empty() && record.source != offer.source;
        if (untold || record.name == offer.name())
            return;
        for (auto const& old : said != nullptr ? said->states : record.states)
            if (!takes_over(offer, old))
                whose = record.name;
    });
    return whose;
}

bool World::is_irreversible(std::string_view name) const {
    bool found = false;
    each_in_kernel(*this, [&](LoadRecord const& record, auto now, repository::Offer const* said) {
        bool const reversible = said != nullptr ? said->reversible : record.reversible;
        found = found || (record.name == name && now == PatchState::enabled && !reversible);
    });
    return found;
}

std::string_view World::would_undo(repository::Offer const& offer) const {
    if (offer.module.replace == module::Replace::no)
        return {};
    for (auto const& record : state.loads)
        if (record.name != offer.name() && record.source == offer.source &&
            is_later(record.file, file_of(offer)) && is_irreversible(record.name))
            return record.name;
    return {};
}

std::string_view World::waits_for(repository::Offer const& offer) const {
    for (auto const& module : offer.module.depends)
        if (missing.contains(module))
            return module;
    return {};
}

} // namespace livepatch::engine
