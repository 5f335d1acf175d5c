// What the running kernel insists on before it takes a module.
#pragma once

#include "kernel/root.hpp"

#include <string>

namespace livepatch::kernel {

// Why this host wants signed modules only, in words: lockdown, signatures enforced, Secure Boot. ""
// when none of them is on. What cannot be read counts as off: a kernel without lockdown has no file
// for it, and where it is on all the same the kernel refuses the load.
std::string signatures_wanted(Root const& root);

} // namespace livepatch::kernel
