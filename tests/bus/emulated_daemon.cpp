// livepatchd on a kernel of files: the real daemon, with an emulated kernel in the place of the
// real one. Below the directory it is given lie sys/, proc/ and dev/, and its own etc/, vendor/,
// state/ and run/. See control.hpp for what it can be told.
#include "control.hpp"
#include "daemon.hpp"
#include "dbus_server/polkit.hpp"
#include "journal.hpp"
#include "kernel/tasks.hpp"
#include "module_file.hpp"
#include "scripted_authoriser.hpp"
#include "support/emulated_kernel.hpp"
#include "support/fake_kernel_tree.hpp"
#include "tasks/helped_task_scanner.hpp"
#include "tasks/helper_client.hpp"
#include "timed_kernel.hpp"

#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

using namespace livepatch;

// Runs a loop in a thread of its own as long as it lives.
class Aside {
public:
    explicit Aside(boost::asio::io_context& io) : io_(io), thread_([&io] { io.run(); }) {}

    Aside(Aside const&) = delete;
    Aside& operator=(Aside const&) = delete;

    ~Aside() {
        io_.stop();
        thread_.join();
    }

private:
    boost::asio::io_context& io_;
    std::thread thread_;
};

int run(std::filesystem::path const& directory, std::chrono::milliseconds transition) {
    support::FakeKernelTree tree(directory);
    for (auto const* name : {"etc/module-keys.d", "etc/repos.d", "vendor", "state", "run"})
        std::filesystem::create_directories(directory / name);
    tree.write("etc/module-keys.d/trusted.pem", bus_test::trusted_certificate());

    boost::asio::io_context io{1};
    support::EmulatedKernel kernel(tree);
    kernel.adopt();
    bus_test::TimedKernel timed(kernel, io, transition);
    bus_test::AuthoriserScript script;
    bus_test::Control control(
        io, {.tree = tree, .kernel = kernel, .timed = timed, .authoriser = script}
    );
    if (!control.set_scene())
        return 0;
    control.listen();
    timed.begun(); // what was in transition before, or in the scene
    Aside const aside(io);

    // A case that has no helper at the socket sees the daemon looking by itself.
    kernel::ProcTaskScanner own(tree.root());
    tasks::HelperClient helper(directory / "tasks.socket", std::chrono::seconds(1), ::geteuid());
    tasks::HelpedTaskScanner scanner(helper, own, daemon::log_task_helper);
    daemon::Daemon({.root = tree.root(),
                    .configuration =
                        {.etc = directory / "etc",
                         .vendor = directory / "vendor",
                         .mirrors = directory / "mirror"},
                    .state_directory = directory / "state",
                    .runtime_directory = directory / "run",
                    .machine_id = directory / "machine-id",
                    .enabled_units = directory / "units",
                    .saved_crashes = directory / "pstore",
                    .loader = timed,
                    .scanner = scanner,
                    .make_authoriser =
                        [&script](sdbus::IConnection& bus, dbus_server::BusPump& pump) {
                            return std::make_unique<bus_test::ScriptedAuthoriser>(
                                std::make_unique<dbus_server::Polkit>(bus, pump), script
                            );
                        }}
    ).run();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // nothing of a test that was killed stays behind
    if (argc != 3) {
        std::cerr << "usage: livepatchd-emulated DIRECTORY TRANSITION-MILLISECONDS\n";
        return 2;
    }
    daemon::start_logging();
    try {
        return run(argv[1], std::chrono::milliseconds(std::stoi(argv[2])));
    } catch (std::exception const& error) {
        spdlog::critical("{}", error.what());
        return 1;
    }
}
