// Calls that are turned away before anything is done about them, so that others are not kept
// waiting behind them.
#pragma once

#include "dbus_server/bus_pump.hpp"

#include <sdbus-c++/sdbus-c++.h>
#include <systemd/sd-bus.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace livepatch::dbus_server {

// We answer in the order in which calls come, and reading is free for everybody: without this a
// caller who fills our queue decides when an administrator's Revert has its turn. Turned away are
//  - reads that want no answer: a look at the kernel and a large reply each, for nobody;
//  - with limits_exceeded, what one sender calls beyond `burst` while our queue has not been empty
//    since, for a second. Whoever waits for an answer before he asks again is never turned away.
class FloodGate {
public:
    // As many as the bus lets a caller wait for at a time (dbus-daemon:
    // max_replies_per_connection).
    static constexpr std::size_t burst = 128;
    static constexpr std::chrono::seconds window{1};

    // Stands as long as it lives, which is not longer than bus and pump.
    FloodGate(sdbus::IConnection& bus, BusPump& pump);
    FloodGate(FloodGate const&) = delete;
    FloodGate& operator=(FloodGate const&) = delete;
    ~FloodGate();

private:
    // Whether it has been dealt with.
    bool turn_away(sd_bus_message* call);
    bool is_too_much(std::string const& sender);

    BusPump& pump_;
    sd_bus_slot* filter_ = nullptr;
    std::map<std::string, std::size_t> calls_; // by sender, since the queue was empty
    std::uint64_t rests_ = 0;
    std::chrono::steady_clock::time_point since_{};
};

} // namespace livepatch::dbus_server
