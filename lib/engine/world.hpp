// All that deciding needs, at one moment.
#pragma once

#include "base/error.hpp"
#include "engine/state.hpp"
#include "kernel/livepatch_tree.hpp"
#include "report/event.hpp"
#include "report/vocabulary.hpp"
#include "repository/catalogue.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::engine {

// What an admin asked for and is not done yet, oldest first.
struct Request {
    enum class Kind { apply, revert };

    std::uint64_t id = 0; // 0 = nobody asked: the daemon's own
    Kind kind = Kind::apply;
    std::string name;   // module name
    std::string sha256; // the digest to apply; "" with revert
    bool replace_unmanaged = false;
    report::Caller caller = {}; // for the history
    std::string reason = {};
};

struct World {
    kernel::Observation const& observed;
    repository::Catalogue const& catalogue;
    State const& state;
    std::vector<Request> const& requests;
    // Loads that the kernel refused since the daemon started, by digest: not tried again by itself.
    std::map<std::string, base::Error> const& failures;
    // Disabled modules that the kernel will not unload before a reboot.
    std::set<std::string, std::less<>> const& unremovable;
    std::string_view in_flight = {}; // the patch that is being worked on; "" = none
    report::Mode mode = report::Mode::manual;
    // Why nothing is loaded by itself although the mode is automatic; "" = nothing stands in the
    // way.
    std::string obstacle = {};
    // Why nothing is loaded at all, neither by itself nor on request: paused or switched off.
    std::optional<base::Error> stopped = {};
    // What was in the kernel when the boot before this one ended, by digest: it is wanted again,
    // whatever the mode.
    std::set<std::string, std::less<>> restore = {};
    // What is wanted, but later, by digest: why and until when, in words. What is older may be
    // had meanwhile.
    std::map<std::string, std::string> not_yet = {};
    // What is too little severe to be loaded by itself, by digest, in words.
    std::map<std::string, std::string> below = {};
    // Cumulative, proved on this kernel, and kept: may take the place of what did harm when its
    // source does not offer it any more.
    std::span<repository::Offer const> stored = {};
    // What cannot be had in time to take the place of what did harm, by digest.
    std::set<std::string, std::less<>> unfit = {};
    // Of ours, whose transition has run for too long: to be turned round; "" = none.
    std::string overdue = {};
    bool reverse_for_others_only = false; // and only if others wait behind it
    // Modules that offers depend on and that are not loaded.
    std::set<std::string, std::less<>> missing = {};
    bool replace_unmanaged = false; // as if every request said so
    bool livepatch = true;          // the kernel can be livepatched
    bool revert_withdrawn = false;  // also what its publisher wants out of the kernel
    std::string_view boot_id;
    std::string_view kernel = {}; // see kernel_of()
    bool probation = true;        // patches are on probation for some time

    // Our record of what is loaded under this name; nullptr when somebody else loaded it or
    // nothing is loaded.
    LoadRecord const* ours(std::string_view name) const;

    // When its publisher took that digest back; nullptr = he did not.
    repository::Withdrawal const* taken_back(std::string_view sha256) const;

    // Whether it is to be taken out of the kernel for that.
    bool is_to_leave(std::string_view sha256) const;

    // Of the patches that the offer needs, the first that is not in the kernel, by id; "" = all
    // are.
    std::string_view lacks(repository::Offer const& offer) const;

    // The patch in the kernel that cannot be there together with the offer; "" = none.
    std::string_view conflicts_with(repository::Offer const& offer) const;

    // The patch in the kernel whose changes of the system the offer does not know how to take over,
    // so that the kernel would refuse it (EINVAL); "" = none.
    std::string_view cannot_take_over(repository::Offer const& offer) const;

    // Whether it is enabled, of ours, and may not be taken out any more, by its publisher's word.
    bool is_irreversible(std::string_view name) const;

    // The patch in the kernel that the offer, which is older, would undo though that may not be;
    // "" = none.
    std::string_view would_undo(repository::Offer const& offer) const;

    // The module that has to be loaded before the offer; "" = none.
    std::string_view waits_for(repository::Offer const& offer) const;
};

// Whether the observed module can be the recorded one: their build-ids do not tell them apart.
bool matches(LoadRecord const& record, kernel::ObservedPatch const& observed);

} // namespace livepatch::engine
