// livepatchd, wired together.
#pragma once

#include "base/clock.hpp"
#include "configuration.hpp"
#include "dbus_server/authoriser.hpp"
#include "dbus_server/bus_pump.hpp"
#include "dbus_server/health_command.hpp"
#include "dbus_server/log_control_object.hpp"
#include "dbus_server/service.hpp"
#include "engine/engine.hpp"
#include "hints.hpp"
#include "history/database.hpp"
#include "history/recorder.hpp"
#include "instance_lock.hpp"
#include "metrics_file.hpp"
#include "reboot_marker.hpp"
#include "repository/sources.hpp"
#include "service_manager.hpp"
#include "source_watch.hpp"
#include "status_file.hpp"
#include "surroundings.hpp"
#include "workers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <sdbus-c++/sdbus-c++.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace livepatch::daemon {

class Daemon {
public:
    // Throws std::runtime_error or sdbus::Error when it cannot start.
    explicit Daemon(Surroundings surroundings);
    Daemon(Daemon const&) = delete;
    Daemon& operator=(Daemon const&) = delete;
    ~Daemon();

    // Until SIGTERM or SIGINT; sdbus::Error when the bus goes away.
    void run();

private:
    void started();
    void tell_soon();
    void tell();
    void wait_for_reload();
    void reload();
    void take(LoadedConfiguration loaded);
    void ask_fetcher() const;
    std::vector<std::filesystem::path> watched_directories() const;
    engine::Engine::Parts parts();
    void rescan();
    void tell_overlooked();

    Surroundings surroundings_;
    InstanceLock lock_;
    kernel::Identity identity_;
    LoadedConfiguration loaded_;
    // Before the loop: what still waits there when all ends may hold calls to be answered.
    std::unique_ptr<sdbus::IConnection> bus_;
    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_};
    boost::asio::signal_set hangup_{io_}; // systemctl reload
    base::SystemClock clock_{io_.get_executor()};
    dbus_server::BusPump pump_;
    std::unique_ptr<dbus_server::Authoriser> authoriser_;
    dbus_server::HealthCommand health_command_;
    repository::Sources sources_;
    engine::StateFile state_file_;
    // Joined before what their jobs use is destroyed: see ~Daemon.
    Workers workers_{io_.get_executor()};
    boost::asio::thread_pool history_thread_{1};
    engine::Engine engine_;
    history::Database history_database_;
    history::Recorder history_;
    std::optional<base::Clock::Monotonic> rescanned_;
    StatusFile status_file_;
    RebootMarker reboot_marker_;
    MetricsFile metrics_file_;
    dbus_server::LogControlObject log_control_;
    dbus_server::Service service_;
    std::optional<report::Report> to_show_;
    std::vector<report::Event> to_announce_;
    bool telling_ = false; // tell() is about to run
    Hints hints_;
    SourceWatch source_watch_;
    ServiceManager service_manager_;
};

} // namespace livepatch::daemon
