// The host that the daemon runs on: what tests put another in the place of.
#pragma once

#include "configuration.hpp"
#include "dbus_server/authoriser.hpp"
#include "dbus_server/bus_pump.hpp"
#include "kernel/identity.hpp"
#include "kernel/root.hpp"
#include "kernel/tasks.hpp"
#include "loader/loader.hpp"
#include "repository/host.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace livepatch::daemon {

struct Surroundings {
    kernel::Root root;
    ConfigurationPaths configuration;
    std::filesystem::path state_directory = "/var/lib/livepatchd";
    std::filesystem::path runtime_directory = "/run/livepatchd";
    std::filesystem::path machine_id = "/etc/machine-id";
    std::filesystem::path enabled_units = "/etc/systemd/system";
    std::filesystem::path saved_crashes = "/var/lib/systemd/pstore"; // by systemd-pstore.service
    loader::Loader& loader;
    kernel::TaskScanner& scanner;
    // None = polkit.
    std::function<
        std::unique_ptr<dbus_server::Authoriser>(sdbus::IConnection&, dbus_server::BusPump&)>
        make_authoriser = {};

    // Throws std::runtime_error when the kernel does not say what it is.
    kernel::Identity identity() const;

    std::filesystem::path keys() const { return configuration.etc / "module-keys.d"; }

    std::filesystem::path kill_switch() const { return configuration.etc / "disable"; }

    std::filesystem::path stored_modules() const { return state_directory / "modules"; }

    std::filesystem::path trust_state() const { return state_directory / "trust"; }

    std::filesystem::path resets() const { return state_directory / "resets"; }

    // As the sources want it.
    repository::Host host() const;

    std::filesystem::path history() const { return state_directory / "history.db"; }

    std::filesystem::path log_mark() const { return runtime_directory / "kernel-log"; }

    // Where a crash of this machine may have left a record.
    std::vector<std::filesystem::path> crash_records() const;

    // "" where there is none: then every attempt is this machine's.
    std::string read_machine_id() const;
};

} // namespace livepatch::daemon
