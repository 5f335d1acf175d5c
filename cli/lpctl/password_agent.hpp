// Lets polkit ask for a password on this terminal, where no desktop does it.
#pragma once

#include <sys/types.h>

namespace livepatch::lpctl {

// pkttyagent as a child for as long as this lives, as systemctl does it. Where it is not installed
// polkit simply refuses.
class PasswordAgent {
public:
    PasswordAgent() = default;
    PasswordAgent(PasswordAgent const&) = delete;
    PasswordAgent& operator=(PasswordAgent const&) = delete;
    ~PasswordAgent();

    // Returns when the agent is registered, or after two seconds without it.
    void start();

private:
    pid_t child_ = 0;
};

} // namespace livepatch::lpctl
