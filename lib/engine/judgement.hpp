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
    // Why an explicit apply would be refused now; nothing = it would be tried.
    std::optional<base::Error> refusal;
    std::string reason; // for people
};

// One for each module name that is loaded or offered: offered ones first, in stack order, then the
// others by name. The pointers point into the world's parts.
std::vector<Judgement> judge(World const& world);

// The refusal for loading `offer` while patches that nobody manages are enabled, if it is or may be
// cumulative: it would silently replace them.
std::optional<base::Error>
conflict_with_unmanaged(World const& world, repository::Offer const& offer);

} // namespace livepatch::engine
