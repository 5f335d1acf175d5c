// What this process may do in the running kernel.
#pragma once

#include "base/result.hpp"
#include "kernel/root.hpp"

namespace livepatch::kernel {

struct Rights {
    bool may_load = false; // CAP_SYS_MODULE is effective
    bool initial = false;  // in the kernel's own user namespace: elsewhere that counts for nothing
};

base::Result<Rights> rights(Root const& root);

} // namespace livepatch::kernel
