// What an error number of the kernel means, in words and with a remedy.
#pragma once

#include "base/error.hpp"

#include <string>
#include <vector>

namespace livepatch::preflight {

enum class Operation {
    load,    // finit_module(2)
    disable, // write of 0 to /sys/kernel/livepatch/NAME/enabled
    enable,  // write of 1 to it
    remove,  // delete_module(2)
};

// What the kernel showed right after it refused.
struct Circumstances {
    bool modules_disabled = false;    // kernel.modules_disabled=1: until reboot
    bool locked_down = false;         // kernel_lockdown(7), integrity or more
    bool enforces_signatures = false; // module.sig_enforce
    bool ftrace_enabled = true;       // kernel.ftrace_enabled
    bool settled = true;              // the module is neither just loading nor just being unloaded
    std::string transition = {};      // the patch in transition; "" = none
};

struct Refusal {
    Operation operation = Operation::load;
    int os_error = 0;
    std::string name;                           // of the module
    std::vector<std::string> kernel_lines = {}; // of the call, oldest first
    Circumstances circumstances = {};
};

// The numbers alone are ambiguous: EINVAL and EBUSY have half a dozen causes each, which only the
// kernel's lines tell apart. A line decides before the circumstances, and these before the number.
base::Error explain(Refusal const& refusal);

} // namespace livepatch::preflight
