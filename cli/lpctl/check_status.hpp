// The answer of `status --check` as an exit status.
#pragma once

#include "lpctl/overlay.hpp"

namespace livepatch::lpctl {

enum class Check { nothing, everything, health };

// The worst of: 9 this kernel cannot be livepatched; 1 degraded; 11 a patch is in transition; 10 a
// patch could be applied and is not; 0. With `health` only 9, 1 and 0. `insecure` and `pending` are
// what somebody configured or will pass: 0.
int check_status(View const& view, Check check);

// Could be applied and is not, whether it will be by itself or not.
bool waits_to_be_applied(report::PatchReport const& patch);

} // namespace livepatch::lpctl
