// Whether what a publisher says, a module and the running kernel belong together.
#pragma once

#include "base/result.hpp"
#include "repository/patch_entry.hpp"
#include "repository/running_kernel.hpp"
#include "trust/candidate.hpp"

#include <string_view>

namespace livepatch::repository {

// wrong_kernel: it is for another release, for other builds of it (also when the kernel shows no
// build-id), or for other builds of a module that is loaded. verification_failed: the module is not
// the one that is described. withdrawn: its publisher took it back. `subject` is where that is
// said.
// The first of these alone: whether the running kernel is the one that is meant.
base::Result<void>
check_kernel(KernelEntry const& kernel, RunningKernel const& running, std::string_view subject);

// Whether the module is the one that is described: this can be told before its kernel runs.
base::Result<void> check_description(
    PatchEntry const& patch, trust::Candidate const& candidate, std::string_view subject
);

base::Result<void> check_agreement(
    KernelEntry const& kernel,
    PatchEntry const& patch,
    trust::Candidate const& candidate,
    RunningKernel const& running,
    std::string_view subject
);

} // namespace livepatch::repository
