// What a refresh works with.
#pragma once

#include "trust/tuf/header.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/source.hpp"
#include "trust/tuf/store.hpp"

namespace livepatch::trust::tuf {

// When this was written: no clock that is right says less. Boards without a battery begin in 1970.
inline constexpr Time first_plausible{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

struct Surroundings {
    Store& store;   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Source& source; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Time now;       // fixed at the start, so that nothing expires half-way
    Limits limits = {};
    Time earliest = first_plausible; // a clock that says less was never set
};

} // namespace livepatch::trust::tuf
