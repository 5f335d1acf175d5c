// What is to be thought of each patch: pure.
#pragma once

#include "base/error.hpp"
#include "base/patch_state.hpp"
#include "engine/world.hpp"
#include "report/vocabulary.hpp"

#include <optional>
#include <string>
#include <vector>

namespace livepatch::engine {

struct Judgement {
    std::string name; // module name
    base::PatchState state = base::PatchState::absent;
    kernel::ObservedPatch const* observed = nullptr; // nullptr = not loaded
    repository::Offer const* offer = nullptr;        // the chosen one; nullptr = nobody offers it
    LoadRecord const* record = nullptr;              // ours, when we loaded what is there
    bool as_wanted = false; // enabled or on the way there, so that an apply has nothing to do
    report::Disposition disposition = report::Disposition::available;
    bool not_yet = false; // scheduled, but for later
    // Why an explicit apply would be refused now; nothing = it would be tried.
    std::optional<base::Error> refusal;
    // The refusal is only that it would replace what another tool loaded, which an admin may want.
    bool over_unmanaged = false;
    std::optional<Pin> pin = {}; // what an explicit apply pins, if the offer is an older version
    std::string reason;          // for people
};

// Why an explicit apply would be refused with what the admin overrides: he may replace what other
// tools loaded; nothing else is given way to.
std::optional<base::Error> refusal(Judgement const& judged, bool replace_unmanaged);

// One for each module name that is loaded or offered: offered ones first, in stack order, then the
// others by name. The pointers point into the world's parts.
std::vector<Judgement> judge(World const& world);

} // namespace livepatch::engine
