// What livepatchd tells as it happens, over its restarts.
#pragma once

#include "dbus_client/bus.hpp"
#include "dbus_client/call_error.hpp"
#include "dbus_client/message.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace livepatch::dbus_client {

struct News {
    enum class Kind {
        event,
        vanished, // the daemon: nothing is told until it has
        appeared,
    };

    Kind kind = Kind::event;
    Dictionary event = {}; // with Kind::event
};

class EventStream {
public:
    // Never starts the daemon; `unreachable` when it does not run.
    static Reply<EventStream>
    open(std::string const& bus_address, std::chrono::milliseconds patience);

    // Waits for the next; nothing when `tick`, called about ten times a second, returns false.
    Reply<std::optional<News>> next(std::function<bool()> const& tick);

private:
    EventStream(Bus bus, std::unique_ptr<std::deque<Message>> signals)
        : signals_(std::move(signals)),
          bus_(std::move(bus)) {}

    std::unique_ptr<std::deque<Message>> signals_; // of the bus, so it goes after it
    Bus bus_;
};

} // namespace livepatch::dbus_client
