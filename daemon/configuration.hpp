// What an admin configured: /etc/livepatchd (DESIGN §7).
#pragma once

#include "base/error.hpp"
#include "report/vocabulary.hpp"
#include "repository/source.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::daemon {

struct Configuration {
    struct Apply {
        report::Mode mode = report::Mode::automatic;
        std::string minimum_severity = "low";
        std::chrono::seconds delay{0};
        std::vector<std::string> window;
    } apply;

    struct Transition {
        std::chrono::seconds stall_after{20};
        std::chrono::seconds reverse_after{300};
        std::int64_t retries = 3;
        std::chrono::seconds backoff{600};
    } transition;

    struct Probation {
        std::chrono::seconds time{600};
        std::vector<std::string> revert_on{"oops", "bug", "lockup", "warn"};
        std::string command;
    } probation;

    struct Boot {
        bool reapply = true;
        std::chrono::seconds per_patch{10};
        std::chrono::seconds budget{30};
    } boot;

    struct Fetch {
        std::string kernels = "installed";
        std::int64_t max_size = std::int64_t{512} * 1024 * 1024;
    } fetch;

    struct Security {
        bool allow_force = false;
        bool allow_remote_revert = false;
        bool without_crash_guard = false;
    } security;

    struct History {
        std::chrono::seconds keep = std::chrono::hours(24) * 400;
        std::int64_t max_size = std::int64_t{64} * 1024 * 1024;
    } history;

    std::vector<repository::Source> sources; // the enabled ones of repos.d
};

struct ConfigurationPaths {
    std::filesystem::path etc = "/etc/livepatchd";
    std::filesystem::path vendor = "/usr/lib/livepatchd";
    std::filesystem::path mirrors = "/var/lib/livepatchd/mirror"; // of repositories, by name
};

struct LoadedConfiguration {
    Configuration configuration;
    std::vector<base::Error> problems; // each names file and line
    bool main_is_broken = false; // livepatchd.toml or a drop-in: all but the sources are defaults
};

// Reads livepatchd.toml, then conf.d/*.toml by name (a file in etc hides the vendor's of the same
// name), then repos.d/*.toml. Nothing is fatal: a broken main file or drop-in leaves the defaults
// with mode = manual, a broken repos.d file disables that source. `release` is for %r in paths.
LoadedConfiguration load_configuration(ConfigurationPaths const& paths, std::string const& release);

} // namespace livepatch::daemon
