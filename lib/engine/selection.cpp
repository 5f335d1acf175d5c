#include "engine/selection.hpp"

#include "engine/pins.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace livepatch::engine {

namespace {

using base::PatchState;
using module::Replace;
using repository::Offer;

bool is_active(kernel::ObservedPatch const* patch) {
    return patch != nullptr &&
           (patch->state == PatchState::enabled || patch->state == PatchState::enabling);
}

// What the kernel shows of it is surer than what the file told.
Replace replace_of(World const& world, LoadRecord const& record) {
    auto const* patch = world.observed.find(record.name);
    if (patch != nullptr && patch->replace)
        return *patch->replace ? Replace::yes : Replace::no;
    return record.replace;
}

// Whether a catalogue that counts still gave it its place: see repository::stack_place(). Otherwise
// it is the name of a file, NAME.ko.
bool was_published(GoodVerdict const& good) {
    return !good.outdated && !good.id.empty() && good.file.ends_with('_' + good.id);
}

} // namespace

bool is_held(State const& state, Offer const& offer) {
    return state.find_hold(offer.sha256) != nullptr ||
           state.find_hold_of(offer.id, offer.name()) != nullptr;
}

Selection::Selection(World const& world) : world_(world) {
    find_owner();
    choose();
    find_dropped();
    find_newest();
}

void Selection::find_owner() {
    for (auto const& record : world_.state.loads) {
        if (!is_loaded(record))
            continue;
        auto const replace = replace_of(world_, record);
        auto& lineage = add_to_lineage(record.source, record.priority, replace);
        if (replace != Replace::no)
            lineage.loaded = record.name;
    }
    // After the loaded ones: a source's priority as it is now.
    for (auto const& offer : world_.catalogue.offers)
        if (!offer.refused)
            add_to_lineage(offer.source, offer.priority, offer.module.replace).offers = true;
    // Sources are walked by name, which is how ties are broken.
    for (auto const& [source, lineage] : lineages_)
        if (lineage.may_be && (owner_.empty() || lineage.priority > lineages_.at(owner_).priority))
            owner_ = source;
}

// Ours, and enabled. That counts also when its file is gone: a source that cannot be read, or a
// package that was removed, must not let in what is older, or another source's.
bool Selection::is_loaded(LoadRecord const& record) const {
    return world_.ours(record.name) == &record && !record.sha256.empty() &&
           record.stage != Stage::reverting && is_active(world_.observed.find(record.name));
}

Selection::Lineage&
Selection::add_to_lineage(std::string_view source, int priority, Replace replace) {
    auto& lineage = lineages_[source];
    lineage.priority = priority;
    lineage.may_be = lineage.may_be || replace != Replace::no;
    lineage.is = lineage.is || replace == Replace::yes;
    return lineage;
}

void Selection::choose() {
    for (auto const& offer : world_.catalogue.offers) {
        auto& chosen = chosen_[offer.name()];
        if (chosen == nullptr || is_better(offer, *chosen))
            chosen = &offer;
        auto& preferred = preferred_[offer.name()];
        if (preferred == nullptr || is_preferred(offer, *preferred))
            preferred = &offer;
    }
}

bool Selection::is_preferred(Offer const& left, Offer const& right) const {
    bool const shut_out = other_lineage(left).has_value();
    if (shut_out != other_lineage(right).has_value())
        return !shut_out;
    return repository::preferred(left, right);
}

bool Selection::is_better(Offer const& left, Offer const& right) const {
    auto const rank = [this](Offer const& offer) {
        return std::tuple(
            is_asked_for(offer),
            world_.state.find_quarantine(offer.sha256) == nullptr,
            world_.state.find_pin(offer.sha256) != nullptr,
            world_.state.find_hold_of(offer.id, offer.name()) == nullptr
        );
    };
    auto const one = rank(left);
    auto const other = rank(right);
    return one != other ? one > other : is_preferred(left, right);
}

bool Selection::is_asked_for(Offer const& offer) const {
    return std::any_of(world_.requests.begin(), world_.requests.end(), [&](auto const& request) {
        return request.kind == Request::Kind::apply && request.name == offer.name() &&
               request.sha256 == offer.sha256 && !offer.sha256.empty();
    });
}

Offer const* Selection::chosen(std::string_view name) const {
    auto const found = chosen_.find(name);
    return found == chosen_.end() ? nullptr : found->second;
}

void Selection::find_newest() {
    auto const raise = [](std::optional<Place>& top, Place place) {
        if (!top || is_later(place.file, top->file))
            top = std::move(place);
    };
    for (auto const& record : world_.state.loads) {
        // What did harm, or has to leave, does not keep out what is to take its place.
        if (!is_loaded(record) || replace_of(world_, record) != Replace::yes ||
            world_.state.find_quarantine(record.sha256) != nullptr ||
            world_.is_to_leave(record.sha256))
            continue;
        auto& lineage = lineages_.at(record.source);
        raise(lineage.newest, {record.name, record.file});
        raise(lineage.wanted, {record.name, record.file});
    }
    for (auto const& offer : world_.catalogue.offers) {
        bool const wanted = comes_by_itself(offer);
        if (wanted)
            for (auto const& id : offer.supersedes)
                superseded_.insert_or_assign(
                    std::pair<std::string_view, std::string_view>(offer.source, id), offer.name()
                );
        if (offer.module.replace != Replace::yes || !may_be_had(offer))
            continue;
        auto& lineage = lineages_.at(offer.source);
        raise(lineage.newest, {offer.name(), file_of(offer)});
        if (wanted)
            raise(lineage.wanted, {offer.name(), file_of(offer)});
    }
}

bool Selection::comes_by_itself(Offer const& offer) const {
    return may_be_had(offer) && pinned_older(offer) == nullptr &&
           went_back_from(offer) == nullptr && !world_.not_yet.contains(offer.sha256) &&
           !world_.below.contains(offer.sha256);
}

// What an admin holds, what did harm, what the kernel refused and what waits for another module
// keeps nothing older out.
bool Selection::may_be_had(Offer const& offer) const {
    return !offer.refused && chosen(offer.name()) == &offer && !is_held(world_.state, offer) &&
           world_.state.find_quarantine(offer.sha256) == nullptr &&
           world_.taken_back(offer.sha256) == nullptr && !world_.failures.contains(offer.sha256) &&
           world_.waits_for(offer).empty();
}

std::optional<Selection::Owner> Selection::other_lineage(Offer const& offer) const {
    if (owner_.empty() || offer.source == owner_)
        return std::nullopt;
    auto const& lineage = lineages_.at(owner_);
    // Whether the owner's patches are cumulative may not be known. Then they cannot stand beside
    // others of which it is not known either, and may beside those that replace nothing.
    bool const shut_out = lineage.is || offer.module.replace != Replace::no;
    if (!shut_out)
        return std::nullopt;
    return Owner{.source = owner_, .loaded = lineage.loaded, .offers = lineage.offers};
}

// The record that says a cumulative patch, which is still there, took this one's place.
LoadRecord const* Selection::replacement(Offer const& offer) const {
    auto const* record = world_.state.find_load(offer.name(), world_.boot_id);
    bool const replaced = record != nullptr && record->stage == Stage::replaced &&
                          is_active(world_.observed.find(record->replaced_by));
    if (!replaced)
        return nullptr;
    auto const* harmful = world_.state.find_load(record->replaced_by, world_.boot_id);
    if (harmful != nullptr && (world_.state.find_quarantine(harmful->sha256) != nullptr ||
                               world_.is_to_leave(harmful->sha256)))
        return nullptr;
    // What belongs on top of it was only in the kernel before it, and is put there again.
    auto const* by = world_.ours(record->replaced_by);
    bool const belongs_on_top =
        by != nullptr && by->source == offer.source && is_later(file_of(offer), by->file);
    return belongs_on_top ? nullptr : record;
}

std::string_view
Selection::superseded_by(Offer const& offer, std::optional<Place> Lineage::*top) const {
    if (auto const* record = replacement(offer))
        return record->replaced_by;
    auto const lineage = lineages_.find(offer.source);
    if (lineage == lineages_.end() || !(lineage->second.*top))
        return {};
    auto const& newest = *(lineage->second.*top);
    bool const supersedes = newest.name != offer.name() && is_later(newest.file, file_of(offer));
    return supersedes ? newest.name : std::string_view();
}

std::string_view Selection::superseded_by(Offer const& offer) const {
    auto const named = superseded_.find({offer.source, offer.id});
    if (named != superseded_.end() && named->second != offer.name())
        return named->second;
    return superseded_by(offer, &Lineage::wanted);
}

Pin const* Selection::pinned_older(Offer const& offer) const {
    auto const& pins = world_.state.pins;
    auto const found = std::find_if(pins.begin(), pins.end(), [&](auto const& pin) {
        return keeps_out(pin, offer);
    });
    return found == pins.end() ? nullptr : &*found;
}

// Under its digest, or as another build of it.
bool Selection::is_named(GoodVerdict const& good) const {
    auto const& offers = world_.catalogue.offers;
    return std::any_of(offers.begin(), offers.end(), [&](auto const& offer) {
        return offer.sha256 == good.sha256 ||
               (offer.source == good.source && file_of(offer) == good.file);
    });
}

// What an admin took out, and what did harm, is not missed.
void Selection::find_dropped() {
    for (auto const& good : world_.state.good) {
        if (good.kernel != world_.kernel || good.replace != Replace::yes || !was_published(good) ||
            world_.state.find_hold(good.sha256) != nullptr ||
            world_.state.find_quarantine(good.sha256) != nullptr ||
            world_.taken_back(good.sha256) != nullptr)
            continue;
        auto const found = dropped_.find(good.source);
        bool const is_newest = found == dropped_.end() || is_later(good.file, found->second->file);
        if (is_newest)
            dropped_.insert_or_assign(good.source, &good);
    }
    std::erase_if(dropped_, [this](auto const& entry) { return is_named(*entry.second); });
}

// A file that is gone from a directory was taken away by root: there it does not count.
GoodVerdict const* Selection::went_back_from(Offer const& offer) const {
    auto const found = dropped_.find(offer.source);
    bool const goes_back = found != dropped_.end() && offer.is_published() &&
                           offer.module.replace != Replace::no &&
                           is_later(found->second->file, file_of(offer));
    return goes_back ? found->second : nullptr;
}

std::optional<Pin> Selection::pin_of(Offer const& offer) const {
    if (auto const* pin = world_.state.find_pin(offer.sha256))
        return *pin;
    bool const other_version = preferred_.at(offer.name()) != &offer;
    // What replaces nothing is put on top of what supersedes it: that is no way back.
    bool const older =
        offer.module.replace != Replace::no && !superseded_by(offer, &Lineage::newest).empty();
    if (!other_version && !older)
        return std::nullopt;
    return Pin{
        .name = offer.name(),
        .id = offer.id,
        .sha256 = offer.sha256,
        .source = offer.source,
        .file = file_of(offer),
        .lineage = older,
        .since = {}};
}

} // namespace livepatch::engine
