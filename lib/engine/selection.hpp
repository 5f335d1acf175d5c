// Which of the offers this host is to have, and why not the others: pure (decision 0007).
#pragma once

#include "engine/world.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace livepatch::engine {

// A moment's choice. Points into the world's parts, and must not outlive them.
class Selection {
public:
    explicit Selection(World const& world);

    // The offer that stands for a module name: what an admin asks for right now, then what is
    // pinned, then what he did not hold, then what is preferred; nullptr when none is offered.
    repository::Offer const* chosen(std::string_view name) const;

    // The source whose cumulative patches this host has.
    struct Owner {
        std::string_view source; // "" = none
        std::string_view loaded; // a patch of it in the kernel that keeps others out; "" = none
        bool offers = false;     // anything that can be used; false: its files or itself are gone
    };

    // When that keeps the offer out.
    std::optional<Owner> other_lineage(repository::Offer const& offer) const;

    // The cumulative patch that is there, or will be, instead of the offer; "" = none.
    std::string_view superseded_by(repository::Offer const& offer) const;

    // Whether nothing but its turn keeps it from being loaded by itself.
    bool comes_by_itself(repository::Offer const& offer) const;

    // The pin on an older version than this one; nullptr = none.
    Pin const* pinned_older(repository::Offer const& offer) const;

    // The cumulative patch that proved good on this kernel, that would supersede the offer, and
    // that its repository does not name any more, though it has not taken it back; nullptr = none.
    // What is left out leads no host back (decision 0013).
    GoodVerdict const* went_back_from(repository::Offer const& offer) const;

    // What an admin pins who asks for this offer by name; nothing unless it is an older version.
    std::optional<Pin> pin_of(repository::Offer const& offer) const;

private:
    // A patch in the stack order of its source: an offer, or what we loaded.
    struct Place {
        std::string_view name; // module name
        std::string file;      // file name
    };

    struct Lineage {
        int priority = 0;
        bool may_be = false;          // has a patch that is or may be cumulative
        bool is = false;              // has one that is
        bool offers = false;          // a file that can be used
        std::string_view loaded = {}; // the newest that is in the kernel and may be cumulative
        // The newest that is cumulative and not held or failed; and the same among what no pin
        // keeps out.
        std::optional<Place> newest;
        std::optional<Place> wanted;
    };

    void find_owner();
    void choose();
    void find_dropped();
    void find_newest();
    bool is_named(GoodVerdict const& good) const;
    bool is_loaded(LoadRecord const& record) const;
    Lineage& add_to_lineage(std::string_view source, int priority, module::Replace replace);
    bool is_preferred(repository::Offer const& left, repository::Offer const& right) const;
    bool is_better(repository::Offer const& left, repository::Offer const& right) const;
    bool is_asked_for(repository::Offer const& offer) const;
    bool may_be_had(repository::Offer const& offer) const;
    LoadRecord const* replacement(repository::Offer const& offer) const;
    std::string_view
    superseded_by(repository::Offer const& offer, std::optional<Place> Lineage::*top) const;

    World const& world_;
    std::map<std::string_view, repository::Offer const*> chosen_; // by module name
    // Likewise, whatever is asked for, pinned and held.
    std::map<std::string_view, repository::Offer const*> preferred_;
    std::map<std::string_view, Lineage> lineages_;           // by source
    std::string_view owner_;                                 // source; "" = none
    std::map<std::string_view, GoodVerdict const*> dropped_; // by source: see went_back_from()
    // By source and id: what takes its place by its publisher's word, a module name.
    std::map<std::pair<std::string_view, std::string_view>, std::string_view> superseded_;
};

bool is_held(State const& state, repository::Offer const& offer);

} // namespace livepatch::engine
