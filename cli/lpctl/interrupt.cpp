#include "lpctl/interrupt.hpp"

namespace livepatch::lpctl {

namespace {

volatile ::sig_atomic_t noted = 0; // a handler can reach nothing but a global

extern "C" void note_signal(int signal) {
    noted = signal;
}

} // namespace

Interrupt::Interrupt() {
    noted = 0;
    struct ::sigaction action = {};
    action.sa_handler = note_signal;
    ::sigemptyset(&action.sa_mask);
    // No SA_RESTART: a wait ends at once.
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGTERM, &action, &terminate_);
}

Interrupt::~Interrupt() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
}

int Interrupt::signal() {
    return noted;
}

void Interrupt::obeyed() {
    noted = 0;
}

void die_of(int signal) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

} // namespace livepatch::lpctl
