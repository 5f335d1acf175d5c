// lpctl: livepatches from the command line.
#include "lpctl/command_line.hpp"
#include "lpctl/interrupt.hpp"

#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) {
    using namespace livepatch::lpctl;
    std::ios::sync_with_stdio(false);
    Context context{
        .out = std::cout,
        .err = std::cerr,
        .out_terminal = terminal_of(STDOUT_FILENO),
        .err_terminal = terminal_of(STDERR_FILENO),
        .is_root = ::geteuid() == 0,
        .can_ask = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0,
        .in = &std::cin};
    int const status = run(argc, argv, context);
    if (Interrupt::signal() != 0)
        die_of(Interrupt::signal());
    return status;
}
