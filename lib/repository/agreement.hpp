// Whether a sidecar, its module and the running kernel belong together.
#pragma once

#include "base/result.hpp"
#include "repository/running_kernel.hpp"
#include "repository/sidecar.hpp"
#include "trust/candidate.hpp"

#include <string_view>

namespace livepatch::repository {

// wrong_kernel: it is for another release, for other builds of it (also when the kernel shows no
// build-id), or for other builds of a module that is loaded. verification_failed: the module is not
// the one that it describes. withdrawn: its publisher took it back. `subject` is the sidecar.
base::Result<void> check_agreement(
    Sidecar const& sidecar,
    trust::Candidate const& candidate,
    RunningKernel const& kernel,
    std::string_view subject
);

} // namespace livepatch::repository
