// Where lpctl reads and writes. main() makes the real one, tests make theirs.
#pragma once

#include "kernel/root.hpp"
#include "lpctl/terminal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <filesystem>
#include <istream>
#include <ostream>
#include <string>

namespace livepatch::lpctl {

// How long the answers of others are waited for.
struct Patience {
    // A reading verb asks the bus whether the daemon is there, and some then ask the daemon: never
    // a second in all, whatever hangs.
    std::chrono::milliseconds bus{500};
    std::chrono::milliseconds reading{400};
    std::chrono::milliseconds history{3'000}; // may be large, and polkit may have to be started
    std::chrono::milliseconds look{200};      // during a transition, again and again
    // Until then a transition is followed without a question. Most are over sooner, and the daemon
    // has not counted the tasks before either (engine::BlockerWatch).
    std::chrono::milliseconds unasked{2'200};
    std::chrono::milliseconds changing{5'000}; // before something is changed: each of the two
    std::chrono::milliseconds prompt{120'000}; // polkit's own limit for a password
};

static_assert(Patience().bus + Patience().reading < std::chrono::seconds(1));

struct Context {
    std::ostream& out; // data
    std::ostream& err; // progress and messages
    Terminal out_terminal = {};
    Terminal err_terminal = {};
    bool is_root = false;
    bool can_ask = false; // somebody sits there and can be asked for a password

    kernel::Root root = {};
    std::filesystem::path status_file = "/run/livepatchd/status.json";
    std::filesystem::path history_file = "/var/lib/livepatchd/history.db";
    std::filesystem::path configuration = "/etc/livepatchd";
    std::string bus_address = {}; // "" = the system bus
    std::istream* in = nullptr;   // what somebody answers who can be asked
    Patience patience = {};

    // See cli/json_output.hpp.
    void print(nlohmann::ordered_json const& object) const;
    void print_line(nlohmann::ordered_json const& object) const;
};

} // namespace livepatch::lpctl
