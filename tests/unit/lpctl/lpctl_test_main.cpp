// lpctl on a kernel of files, for tests with the real daemon on a private bus: below the directory
// LIVEPATCHD_TEST_ROOT are sys/, proc/ and run/status.json. The bus is DBUS_SYSTEM_BUS_ADDRESS, as
// for every program.
#include "lpctl/command_line.hpp"
#include "lpctl/interrupt.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) {
    using namespace livepatch::lpctl;
    char const* directory = std::getenv("LIVEPATCHD_TEST_ROOT");
    if (directory == nullptr) {
        std::cerr << "lpctl-test: LIVEPATCHD_TEST_ROOT is not set\n";
        return 2;
    }
    std::filesystem::path const root(directory);
    Context context{
        .out = std::cout,
        .err = std::cerr,
        .out_terminal = terminal_of(STDOUT_FILENO),
        .err_terminal = terminal_of(STDERR_FILENO),
        .is_root = ::geteuid() == 0,
        .can_ask = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0,
        .root = {.sys = root / "sys", .proc = root / "proc", .dev = root / "dev"},
        .status_file = root / "run/status.json",
        .history_file = root / "state/history.db",
        .configuration = root / "etc"};
    int const status = run(argc, argv, context);
    if (Interrupt::signal() != 0)
        die_of(Interrupt::signal());
    return status;
}
