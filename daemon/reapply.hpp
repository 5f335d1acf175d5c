// livepatchd --reapply: what was in the kernel before the reboot goes in again, early at boot, by
// the engine that the daemon has, without D-Bus and within a time.
#pragma once

#include "surroundings.hpp"

namespace livepatch::daemon {

// Returns when all is in, or the time of the configuration's [boot] is over; what did not fit is
// left to the daemon. systemd is told before that: a load that hangs in the kernel cannot be cut
// short, and returning waits for it. Throws std::runtime_error when it cannot begin.
void reapply(Surroundings const& surroundings);

void let_the_boot_go_on();

// When the unit is stopped at shutdown: this boot ends as it should.
// Returns the process's exit status.
int record_shutdown(Surroundings const& surroundings);

} // namespace livepatch::daemon
