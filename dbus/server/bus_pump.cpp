#include "dbus_server/bus_pump.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <poll.h>
#include <utility>

namespace livepatch::dbus_server {

BusPump::BusPump(boost::asio::io_context& io, sdbus::IConnection& bus)
    : io_(io),
      bus_(bus),
      fd_(io, bus.getEventLoopPollData().fd),
      deadline_(io) {}

BusPump::~BusPump() {
    fd_.release(); // the descriptor belongs to the connection
}

void BusPump::wake() {
    if (std::exchange(scheduled_, true))
        return;
    boost::asio::post(io_, [this] {
        scheduled_ = false;
        turn();
    });
}

// One message a turn of the loop: nobody starves.
void BusPump::turn() {
    if (bus_.processPendingRequest())
        wake();
    else
        arm();
}

// The poll data is read anew before each wait; see wake().
void BusPump::arm() {
    ++rests_;
    auto const poll = bus_.getEventLoopPollData();
    if ((poll.events & POLLIN) != 0)
        wait(Descriptor::wait_read, reading_);
    if ((poll.events & POLLOUT) != 0)
        wait(Descriptor::wait_write, writing_);
    deadline_.cancel();
    if (auto const timeout = poll.getRelativeTimeout()) {
        deadline_.expires_after(*timeout);
        deadline_.async_wait([this](auto const& failed) {
            if (!failed)
                turn();
        });
    }
}

void BusPump::wait(Descriptor::wait_type what, bool& armed) {
    if (std::exchange(armed, true))
        return;
    fd_.async_wait(what, [this, &armed](auto const& failed) {
        armed = false;
        if (!failed)
            turn();
    });
}

} // namespace livepatch::dbus_server
