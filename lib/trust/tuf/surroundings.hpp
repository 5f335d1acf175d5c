// What a refresh works with.
#pragma once

#include "trust/tuf/header.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/source.hpp"
#include "trust/tuf/store.hpp"

namespace livepatch::trust::tuf {

struct Surroundings {
    Store& store;   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Source& source; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Time now;       // fixed at the start, so that nothing expires half-way
    Limits limits = {};
};

} // namespace livepatch::trust::tuf
