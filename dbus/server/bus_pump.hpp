// Drives one sdbus-c++ connection from the event loop, without a thread of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sdbus-c++/IConnection.h>

#include <cstdint>
#include <memory>

namespace livepatch::dbus_server {

// Must outlive the loop's run. Losing the bus throws sdbus::Error out of io_context::run: without
// the bus the daemon cannot be told anything any more, and systemd starts it anew.
class BusPump {
public:
    BusPump(boost::asio::io_context& io, sdbus::IConnection& bus);
    BusPump(BusPump const&) = delete;
    BusPump& operator=(BusPump const&) = delete;
    ~BusPump();

    // Call once to start, and after touching the bus outside a handler of it: sd-bus may now hold
    // queued input, queued output or a nearer deadline, and a wait that is already armed cannot
    // know that.
    void wake();

    // How often nothing was left to do so far.
    std::uint64_t rests() const { return rests_; }

    // For those who may outlive the pump: empty once it is gone.
    using Handle = std::weak_ptr<BusPump*>;

    Handle handle() { return self_; }

private:
    using Descriptor = boost::asio::posix::stream_descriptor;

    void turn();
    void arm();
    void wait(Descriptor::wait_type what, bool& armed);

    std::shared_ptr<BusPump*> self_ = std::make_shared<BusPump*>(this);
    boost::asio::io_context& io_;
    sdbus::IConnection& bus_;
    Descriptor fd_;
    boost::asio::steady_timer deadline_;
    std::uint64_t rests_ = 0;
    bool scheduled_ = false;
    bool reading_ = false;
    bool writing_ = false;
};

} // namespace livepatch::dbus_server
