// The first use of code in a boot takes many times as long as the next: OpenSSL sets up, pages come
// from the disk. So what the boot's verification needs first is done beside what comes before it.
#pragma once

#include "repository/stored_patches.hpp"
#include "surroundings.hpp"

#include <thread>

namespace livepatch::daemon {

// One module of the store is verified, on a thread of its own. What is found counts for nothing:
// what is wrong is for the verification itself to say.
std::jthread rehearse_verification(Surroundings const& surroundings);

// The running kernel, to which the modules of the store have been compared already.
repository::ComingKernel
kernel_compared(Surroundings const& surroundings, kernel::Identity const& identity);

} // namespace livepatch::daemon
