#include "daemon.hpp"

#include "base/worker.hpp"
#include "dbus_server/polkit.hpp"
#include "engine_parts.hpp"
#include "fetch_request.hpp"
#include "history/overlooked.hpp"
#include "journal.hpp"
#include "other_managers.hpp"
#include "rules.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

namespace livepatch::daemon {

namespace {

std::vector<std::string> in_words(std::vector<base::Error> const& problems) {
    std::vector<std::string> words;
    for (auto const& problem : problems) {
        words.push_back(describe(problem));
        spdlog::error("configuration: {}", words.back());
    }
    return words;
}

dbus_server::LogControl log_control() {
    return {
        .level = log_level,
        .set_level = set_log_level,
        .target = log_target,
        .set_target = set_log_target,
        .identifier = syslog_identifier};
}

} // namespace

Daemon::Daemon(Surroundings surroundings)
    : surroundings_(std::move(surroundings)),
      lock_(surroundings_.runtime_directory / "lock"),
      identity_(surroundings_.identity()),
      loaded_(load_configuration(surroundings_.configuration, identity_.release)),
      bus_(sdbus::createSystemBusConnection()),
      pump_(io_, *bus_),
      authoriser_(
          surroundings_.make_authoriser ? surroundings_.make_authoriser(*bus_, pump_)
                                        : std::make_unique<dbus_server::Polkit>(*bus_, pump_)
      ),
      health_command_(*bus_, pump_, clock_, loaded_.configuration.probation.command),
      sources_(
          loaded_.configuration.sources,
          surroundings_.keys(),
          repository::RunningKernel(identity_.release, identity_.build_id, surroundings_.root),
          surroundings_.host()
      ),
      state_file_(surroundings_.state_directory),
      engine_(parts()),
      history_database_(surroundings_.history(), rules_of(loaded_.configuration.history)),
      history_(
          {.clock = clock_,
           .worker = {history_thread_.get_executor(), io_.get_executor()},
           .database = history_database_,
           .complain = [this](
                           std::string const& code, std::vector<std::string> words
                       ) { engine_.complain(code, std::move(words)); }}
      ),
      status_file_(
          clock_,
          surroundings_.runtime_directory / "status.json",
          [this](std::vector<std::string> words) {
              engine_.complain("status-not-written", std::move(words));
          }
      ),
      reboot_marker_(surroundings_.runtime_directory / "reboot-needed"),
      metrics_file_(surroundings_.runtime_directory / "metrics.prom"),
      log_control_(*bus_, log_control()),
      service_(*bus_, pump_, engine_, history_, *authoriser_),
      hints_(
          io_,
          clock_,
          surroundings_.root,
          LogMark(surroundings_.log_mark(), identity_.boot_id),
          {.kernel_moved = [this] { engine_.notice(); },
           .kernel_said =
               [this](auto const& lines) {
                   engine_.kernel_said(lines);
                   return engine_.line_in_work();
               },
           .hints_lost =
               [this] {
                   engine_.kernel_said_more();
                   engine_.look_anew();
               },
           .complain = [this](
                           std::string const& code, std::vector<std::string> words
                       ) { engine_.complain(code, std::move(words)); }}
      ),
      source_watch_(
          io_,
          clock_,
          workers_.sources(),
          watched_directories(),
          {.changed = [this] { engine_.refresh(); },
           .complain = [this](std::vector<std::string> words
                       ) { engine_.complain("sources-not-watched", std::move(words)); }}
      ),
      service_manager_(clock_, [this] { rescan(); }) {
    engine_.complain("configuration", in_words(loaded_.problems));
    engine_.complain("other-manager", other_managers(surroundings_.enabled_units));
    engine_.on_report([this](report::Report const& report) {
        to_show_ = report;
        tell_soon();
    });
    engine_.on_event([this](report::Event const& event) {
        to_announce_.push_back(event);
        tell_soon();
    });
}

// What a worker does in the kernel cannot be cut short; it is waited for, what is queued behind it
// is not done, but for state and history: what happened is written, in both. Here and not in run(),
// which the loss of the bus ends with an exception.
Daemon::~Daemon() {
    for (auto const& event : to_announce_)
        history_.record(event);
    workers_.join();
    if (auto const saved = engine_.finish(); !saved)
        spdlog::error("the state lacks what was seen last: {}", describe(saved.error()));
    history_thread_.join();
    if (auto const written = history_.finish(); !written)
        spdlog::error("the history lacks what happened last: {}", describe(written.error()));
    lock_.release();
    workers_.join_sources();
}

engine::Engine::Parts Daemon::parts() {
    auto parts = engine_parts(
        {io_.get_executor(), clock_, workers_, sources_, state_file_},
        surroundings_,
        identity_,
        loaded_.configuration
    );
    parts.health = &health_command_;
    parts.fetch = [this] { ask_fetcher(); };
    return parts;
}

// What it brings is noticed as anything else that comes.
void Daemon::ask_fetcher() const {
    auto const& sources = loaded_.configuration.sources;
    bool const is_any_elsewhere =
        std::any_of(sources.begin(), sources.end(), [](auto const& source) {
            return source.web.has_value();
        });
    if (is_any_elsewhere)
        FetchRequest(surroundings_.runtime_directory / "fetch-wanted").make();
}

std::vector<std::filesystem::path> Daemon::watched_directories() const {
    std::vector<std::filesystem::path> directories{
        surroundings_.keys(),
        surroundings_.configuration.etc // the kill switch may come and go
    };
    // Of a repository, where timestamp.json is: it is published last.
    for (auto const& source : loaded_.configuration.sources) {
        bool const is_repository = source.trust == repository::Trust::tuf;
        directories.push_back(is_repository ? source.path / "metadata" : source.path);
        if (is_repository)
            directories.push_back(source.root.parent_path());
    }
    return directories;
}

// With a sign of life, so that it costs no wake-up of its own: for what nobody tells. The kernel
// each time; the sources more seldom: network file systems, and the owner and mode of the
// directories above them.
void Daemon::rescan() {
    constexpr auto patience = std::chrono::minutes(5);
    auto const now = clock_.now();
    if (!rescanned_)
        rescanned_ = now;
    if (now - *rescanned_ < patience)
        return engine_.look_anew();
    rescanned_ = now;
    engine_.complain("other-manager", other_managers(surroundings_.enabled_units));
    engine_.refresh();
}

void Daemon::run() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.async_wait([this](auto const& failed, int) {
        if (!failed)
            io_.stop();
    });
    hangup_.add(SIGHUP); // one that comes before we are ready waits
    pump_.wake();
    history_.start(); // beside the reading of the sources: nobody waits for it
    engine_.start([this] { boost::asio::post(io_, [this] { started(); }); });
    io_.run();
    service_manager_.stopping();
    auto const last = engine_.report();
    tell();
    status_file_.leave(last);
    metrics_file_.leave(last);
}

void Daemon::started() {
    service_.claim_name();
    service_manager_.ready();
    spdlog::info("livepatchd {} on kernel {}", LIVEPATCHD_VERSION, identity_.release);
    tell_overlooked();
    wait_for_reload();
}

// State and history are two files: a daemon that was killed may have written one of them only.
void Daemon::tell_overlooked() {
    history_.read({}, [this](base::Result<std::vector<report::Event>> const& told) {
        if (!told)
            return;
        auto const report = engine_.report(); // may find what is told in a moment
        if (engine_.is_blind())
            return;
        auto const now = clock_.wall();
        for (auto& event : history::overlooked(*told, report, identity_.boot_id, now)) {
            bool const coming =
                std::any_of(to_announce_.begin(), to_announce_.end(), [&](auto const& other) {
                    return other.patch == event.patch;
                });
            if (!coming)
                history_.record(std::move(event));
        }
    });
}

// Posted, since an engine's handler may run while a property of an object that goes away is being
// read; and of reports the newest only: what comes within one turn of the loop is shown once.
void Daemon::tell_soon() {
    if (!std::exchange(telling_, true))
        boost::asio::post(io_, [this] { tell(); });
}

// First whoever waits for a change, as he may be in a hurry; what takes the disk comes last.
void Daemon::tell() {
    telling_ = false;
    auto const report = std::exchange(to_show_, std::nullopt);
    if (report)
        service_.show(*report);
    auto const events = std::exchange(to_announce_, {});
    for (auto const& event : events) {
        log_event(event);
        service_.announce(event);
        metrics_file_.count(event);
    }
    if (report) {
        reboot_marker_.show(*report);
        status_file_.write(*report);
        metrics_file_.write(*report);
    }
    for (auto const& event : events)
        history_.record(event);
}

// One after the other: what comes during a reload is done after it.
void Daemon::wait_for_reload() {
    hangup_.async_wait([this](auto const& failed, int) {
        if (!failed)
            reload();
    });
}

void Daemon::reload() {
    service_manager_.reloading();
    workers_.disk().run(
        [this] { return load_configuration(surroundings_.configuration, identity_.release); },
        [this](LoadedConfiguration loaded) { take(std::move(loaded)); }
    );
}

// Of a main file that is broken nothing is taken: what was right so far stays so. Sources stand for
// themselves.
void Daemon::take(LoadedConfiguration loaded) {
    if (loaded.main_is_broken) {
        auto sources = std::move(loaded.configuration.sources);
        loaded.configuration = loaded_.configuration;
        loaded.configuration.sources = std::move(sources);
    }
    loaded_ = std::move(loaded);
    engine_.complain("configuration", in_words(loaded_.problems));
    engine_.complain("other-manager", other_managers(surroundings_.enabled_units));
    source_watch_.watch(watched_directories());
    auto const& configuration = loaded_.configuration;
    history_.retain(rules_of(configuration.history));
    engine_.reconfigure(
        {.sources = configuration.sources,
         .mode = configuration.apply.mode,
         .without_crash_guard = configuration.security.without_crash_guard,
         .allow_remote_revert = configuration.security.allow_remote_revert,
         .transition = rules_of(configuration.transition),
         .probation = rules_of(configuration.probation),
         .policy = rules_of(configuration.apply)},
        [this](base::Result<void> const&) {
            health_command_.configure(loaded_.configuration.probation.command);
            service_manager_.ready();
            spdlog::info("the configuration was read again");
            wait_for_reload();
        }
    );
}

} // namespace livepatch::daemon
