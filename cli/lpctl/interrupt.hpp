// Ctrl-C while waiting: first say that what was begun goes on, then die of the signal as usual.
#pragma once

#include <signal.h> // NOLINT(modernize-deprecated-headers): sigaction

namespace livepatch::lpctl {

// While it lives SIGINT and SIGTERM are noted instead of obeyed.
class Interrupt {
public:
    Interrupt();
    Interrupt(Interrupt const&) = delete;
    Interrupt& operator=(Interrupt const&) = delete;
    ~Interrupt();

    // The signal that came, also after the object is gone; 0 = none.
    static int signal();
    // It did what it was sent for: nothing dies of it.
    static void obeyed();

private:
    struct ::sigaction interrupt_ = {};
    struct ::sigaction terminate_ = {};
};

// Dies of that signal, so that the shell knows; returns if it is ignored.
void die_of(int signal);

} // namespace livepatch::lpctl
