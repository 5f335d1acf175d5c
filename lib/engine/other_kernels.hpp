// What is reported of the kernels that this host may boot instead of the running one. Pure.
#pragma once

#include "engine/state.hpp"
#include "report/report.hpp"
#include "repository/catalogue.hpp"

#include <vector>

namespace livepatch::engine {

// Sorted by release, the newest first.
std::vector<report::OtherKernelReport>
other_kernels(repository::Catalogue const& catalogue, Time now);

} // namespace livepatch::engine
