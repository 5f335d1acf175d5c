#include "daemon.hpp"
#include "journal.hpp"
#include "kernel/identity.hpp"
#include "kernel/tasks.hpp"
#include "loader/kernel_loader.hpp"
#include "reapply.hpp"
#include "tasks/helped_task_scanner.hpp"
#include "tasks/helper_client.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <string_view>

namespace {

using namespace livepatch;

int check_configuration() {
    auto const identity = kernel::identify({});
    auto const loaded =
        daemon::load_configuration({}, identity ? identity->release : std::string());
    for (auto const& problem : loaded.problems)
        std::cerr << "livepatchd: " << describe(problem) << '\n';
    return loaded.problems.empty() ? 0 : 1;
}

// systemd may have to start it. A scan takes milliseconds.
constexpr std::chrono::seconds patience_with_helper{3};

// On the host as it is.
int with_surroundings(std::function<int(daemon::Surroundings const&)> const& what) {
    ::umask(077); // as the unit says; also when it is started by hand
    daemon::start_logging();
    kernel::Root const root;
    loader::KernelLoader loader(root);
    kernel::ProcTaskScanner own(root);
    tasks::HelperClient helper("/run/livepatch-tasks.socket", patience_with_helper);
    tasks::HelpedTaskScanner scanner(helper, own, daemon::log_task_helper);
    try {
        return what({.root = root, .configuration = {}, .loader = loader, .scanner = scanner});
    } catch (std::exception const& error) {
        spdlog::critical("{}", error.what());
        return 1;
    }
}

int run(daemon::Surroundings const& surroundings) {
    daemon::Daemon(surroundings).run();
    return 0;
}

// A boot goes on whatever happens here.
int run_reapply(daemon::Surroundings const& surroundings) {
    try {
        daemon::reapply(surroundings);
    } catch (std::exception const& error) {
        spdlog::error("nothing is reapplied: {}", error.what());
        daemon::let_the_boot_go_on();
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    // The boot waits for this one.
    if (argc == 2 && std::string_view(argv[1]) == "--reapply") // NOLINT(*-pointer-arithmetic)
        return with_surroundings(run_reapply);
    CLI::App app("Kernel livepatch manager");
    app.set_version_flag("--version", LIVEPATCHD_VERSION);
    bool check = false;
    app.add_flag(
        "--check-config", check, "Read the configuration, say what is wrong with it, and exit"
    );
    bool reapply = false;
    app.add_flag(
        "--reapply", reapply, "Apply what was applied before the reboot, and exit; for the boot"
    );
    bool record_shutdown = false;
    app.add_flag(
        "--record-shutdown",
        record_shutdown,
        "Record that this boot ends in an orderly way, and exit; for the shutdown"
    );
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (check)
        return check_configuration();
    return with_surroundings(
        reapply           ? run_reapply
        : record_shutdown ? daemon::record_shutdown
                          : run
    );
}
