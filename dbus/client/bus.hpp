// A connection to a message bus on which no call waits longer than its caller wants.
#pragma once

#include "dbus_client/call_error.hpp"
#include "dbus_client/message.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

struct sd_bus;

namespace livepatch::dbus_client {

// How long a call may take, and what the caller does meanwhile.
struct Waiting {
    // Nothing = no limit.
    std::optional<std::chrono::milliseconds> limit;
    // Called about ten times a second while there is no answer; false gives the call up. An empty
    // one is not called.
    std::function<bool()> tick = {};
};

struct Close {
    void operator()(sd_bus* bus) const;
};

class Bus {
public:
    // Only opens the socket. The handshake is done within the first call and its limit: sd-bus's
    // own synchronous functions wait for it up to 25 s, whatever timeout they are given.
    // An empty address is the system bus.
    static Reply<Bus> open(std::string const& address);

    // A call that never starts the one it is for.
    Reply<Message> method_call(
        std::string const& destination,
        std::string const& path,
        std::string const& interface,
        std::string const& method
    );

    Reply<Message> send(Message call, Waiting const& waiting);

    // From now on all signals that reach this connection are put into `signals`, which has to
    // outlive it.
    Reply<void> collect_signals(std::deque<Message>& signals);
    // Until something has come: true; or `tick`, as in Waiting, gives up: false.
    Reply<bool> wait(std::function<bool()> const& tick);

private:
    explicit Bus(sd_bus* bus) : bus_(bus) {}

    std::unique_ptr<sd_bus, Close> bus_;
};

} // namespace livepatch::dbus_client
