// What the running kernel insists on before it takes a module.
#pragma once

#include "base/result.hpp"
#include "kernel/root.hpp"

#include <string>

namespace livepatch::kernel {

// Each is an error where it cannot be read: then it is not known.
struct ModulePolicy {
    base::Result<bool> modules_disabled;    // kernel.modules_disabled: until reboot
    base::Result<std::string> lockdown;     // "integrity", "confidentiality"; "" = not locked down
    base::Result<bool> enforces_signatures; // module.sig_enforce
    base::Result<bool> ftrace_enabled;      // kernel.ftrace_enabled

    // "" also where it is not known.
    std::string lockdown_or_none() const { return lockdown ? *lockdown : std::string(); }

    // The signature of a module decides whether the kernel takes it.
    bool wants_known_signer() const {
        return !lockdown_or_none().empty() || (enforces_signatures && *enforces_signatures);
    }
};

ModulePolicy module_policy(Root const& root);

// Asks the firmware, which takes its time: milliseconds, on some machines many.
base::Result<bool> secure_boot(Root const& root);

// Why this host wants signed modules only, in words: lockdown, signatures enforced, Secure Boot. ""
// when none of them is on. What cannot be read counts as off: a kernel without lockdown has no file
// for it, and where it is on all the same the kernel refuses the load.
std::string signatures_wanted(Root const& root);

} // namespace livepatch::kernel
