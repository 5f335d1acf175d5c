#include "daemon.hpp"

#include "base/atomic_file.hpp"
#include "dbus_server/polkit.hpp"
#include "journal.hpp"
#include "report/report_json.hpp"

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace livepatch::daemon {

namespace {

kernel::Identity identity_of(kernel::Root const& root) {
    auto identity = kernel::identify(root);
    if (!identity)
        throw std::runtime_error(describe(identity.error()));
    return std::move(identity).value();
}

std::filesystem::path key_directory(ConfigurationPaths const& paths) {
    return paths.etc / "module-keys.d";
}

std::vector<std::string> in_words(std::vector<base::Error> const& problems) {
    std::vector<std::string> words;
    for (auto const& problem : problems) {
        words.push_back("configuration: " + describe(problem));
        spdlog::error("{}", words.back());
    }
    return words;
}

} // namespace

Daemon::Daemon(Surroundings surroundings)
    : surroundings_(std::move(surroundings)),
      identity_(identity_of(surroundings_.root)),
      loaded_(load_configuration(surroundings_.configuration, identity_.release)),
      bus_(sdbus::createSystemBusConnection()),
      pump_(io_, *bus_),
      authoriser_(
          surroundings_.make_authoriser ? surroundings_.make_authoriser(*bus_, pump_)
                                        : std::make_unique<dbus_server::Polkit>(*bus_, pump_)
      ),
      sources_(
          loaded_.configuration.sources,
          key_directory(surroundings_.configuration),
          identity_.release
      ),
      state_file_(surroundings_.state_directory),
      engine_({
          .loop = io_.get_executor(),
          .clock = clock_,
          .kernel_worker = {kernel_thread_.get_executor(), io_.get_executor()},
          .disk_worker = {disk_thread_.get_executor(), io_.get_executor()},
          .loader = surroundings_.loader,
          .tree = kernel::LivepatchTree(surroundings_.root),
          .scanner = surroundings_.scanner,
          .sources = sources_,
          .state_file = state_file_,
          .identity = identity_,
          .mode = loaded_.configuration.apply.mode,
          .not_persistent = state_file_.not_persistent(),
          .without_crash_guard = loaded_.configuration.security.without_crash_guard,
          .warnings = in_words(loaded_.problems),
      }),
      service_(*bus_, pump_, engine_, *authoriser_),
      hints_(
          io_,
          surroundings_.root,
          watched_directories(),
          {.kernel_moved = [this] { engine_.notice(); },
           .hints_lost = [this] { engine_.look_anew(); },
           .sources_changed = [this] { engine_.refresh(); }}
      ),
      service_manager_(clock_, [this] { engine_.look_anew(); }) {
    // Posted: an engine's handler may run while a property of an object that goes away is being
    // read.
    engine_.on_report([this](report::Report const& report) {
        boost::asio::post(io_, [this, report] { show(report); });
    });
    engine_.on_event([this](report::Event const& event) {
        log_event(event);
        boost::asio::post(io_, [this, event] { service_.announce(event); });
    });
}

// What a worker does in the kernel cannot be cut short; it is waited for, what is queued behind it
// is not done. Here and not in run(), which the loss of the bus ends with an exception.
Daemon::~Daemon() {
    kernel_thread_.stop();
    disk_thread_.stop();
    kernel_thread_.join();
    disk_thread_.join();
}

std::vector<std::filesystem::path> Daemon::watched_directories() const {
    std::vector<std::filesystem::path> directories{key_directory(surroundings_.configuration)};
    for (auto const& source : loaded_.configuration.sources)
        directories.push_back(source.path);
    return directories;
}

void Daemon::run() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.async_wait([this](auto const& failed, int) {
        if (!failed)
            io_.stop();
    });
    pump_.wake();
    engine_.start([this] {
        boost::asio::post(io_, [this] {
            service_.claim_name();
            service_manager_.ready();
            spdlog::info("livepatchd {} on kernel {}", LIVEPATCHD_VERSION, identity_.release);
        });
    });
    io_.run();
    service_manager_.stopping();
}

void Daemon::show(report::Report const& report) {
    service_.show(report); // first: whoever waits for a change waits for this
    write_status(report);
}

void Daemon::write_status(report::Report const& report) {
    auto const replace = nlohmann::ordered_json::error_handler_t::replace;
    auto const text = to_json(report, "running").dump(2, ' ', false, replace) + '\n';
    auto const path = surroundings_.runtime_directory / "status.json";
    auto const written = base::replace_file(path, text, 0644, base::Durability::until_reboot);
    if (!written)
        spdlog::warn("lpctl may show old news: {}", describe(written.error()));
}

} // namespace livepatch::daemon
