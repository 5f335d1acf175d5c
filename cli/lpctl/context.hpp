// Where lpctl reads and writes. main() makes the real one, tests make theirs.
#pragma once

#include "kernel/root.hpp"
#include "lpctl/terminal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <filesystem>
#include <ostream>
#include <string>

namespace livepatch::lpctl {

struct Context {
    std::ostream& out; // data
    std::ostream& err; // progress and messages
    Terminal out_terminal = {};
    Terminal err_terminal = {};
    bool can_ask = false; // somebody sits there and can be asked for a password

    kernel::Root root = {};
    std::filesystem::path status_file = "/run/livepatchd/status.json";
    std::string bus_address = {}; // "" = the system bus

    // Prints one object. Untrusted bytes in it can neither break it nor reach a terminal.
    void print(nlohmann::ordered_json const& object) const;
};

// How long the answers of others are waited for. Their sum keeps every reading verb below a second,
// whatever hangs.
namespace patience {
inline constexpr std::chrono::milliseconds bus{300};        // has the daemon's name an owner?
inline constexpr std::chrono::milliseconds reading{500};    // a daemon that is there
inline constexpr std::chrono::milliseconds tasks{200};      // a look during a transition
inline constexpr std::chrono::milliseconds ping{5'000};     // before something is changed
inline constexpr std::chrono::milliseconds prompt{120'000}; // polkit's own limit for a password
} // namespace patience

} // namespace livepatch::lpctl
