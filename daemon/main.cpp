#include "daemon.hpp"
#include "journal.hpp"
#include "kernel/identity.hpp"
#include "kernel/tasks.hpp"
#include "loader/kernel_loader.hpp"
#include "tasks/helped_task_scanner.hpp"
#include "tasks/helper_client.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <iostream>

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

int run() {
    daemon::start_logging();
    kernel::Root const root;
    loader::KernelLoader loader(root);
    kernel::ProcTaskScanner own(root);
    tasks::HelperClient helper("/run/livepatch-tasks.socket", patience_with_helper);
    tasks::HelpedTaskScanner scanner(helper, own, daemon::log_task_helper);
    try {
        daemon::Daemon({.root = root, .configuration = {}, .loader = loader, .scanner = scanner})
            .run();
        return 0;
    } catch (std::exception const& error) {
        spdlog::critical("{}", error.what());
        return 1;
    }
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Kernel livepatch manager");
    app.set_version_flag("--version", LIVEPATCHD_VERSION);
    bool check = false;
    app.add_flag(
        "--check-config", check, "Read the configuration, say what is wrong with it, and exit"
    );
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return check ? check_configuration() : run();
}
