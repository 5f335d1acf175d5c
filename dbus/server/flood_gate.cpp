#include "dbus_server/flood_gate.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <system_error>
#include <utility>

namespace livepatch::dbus_server {

namespace {

struct Read {
    char const* interface;
    char const* member; // nullptr = all
};

constexpr std::array<Read, 8> reads{{
    {"org.freedesktop.DBus.Properties", "Get"},
    {"org.freedesktop.DBus.Properties", "GetAll"},
    {"org.freedesktop.DBus.ObjectManager", nullptr},
    {"org.freedesktop.DBus.Introspectable", nullptr},
    {"org.livepatchd1.Manager", "Check"},
    {"org.livepatchd1.Manager", "CheckFile"},
    {"org.livepatchd1.Manager", "ListBlockers"},
    {"org.livepatchd1.Manager", "GetHistory"},
}};

bool only_reads(sd_bus_message* call) {
    return std::any_of(reads.begin(), reads.end(), [&](auto const& read) {
        return ::sd_bus_message_is_method_call(call, read.interface, read.member) > 0;
    });
}

// sdbus-c++ has no filters, and shows what of libsystemd is behind it to its messages alone.
struct Raw : sdbus::Message {
    static sd_bus_message* of(sdbus::Message const& message) {
        return static_cast<sd_bus_message*>(message.*&Raw::msg_);
    }
};

sd_bus* raw(sdbus::IConnection& bus) {
    auto const driver = sdbus::createProxy(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus");
    auto const message = driver->createMethodCall("org.freedesktop.DBus.Peer", "Ping");
    return ::sd_bus_message_get_bus(Raw::of(message));
}

} // namespace

FloodGate::FloodGate(sdbus::IConnection& bus, BusPump& pump) : pump_(pump) {
    // Called from libsystemd: nothing may be thrown through it.
    auto const filter = [](sd_bus_message* message, void* gate, sd_bus_error*) -> int {
        try {
            return static_cast<FloodGate*>(gate)->turn_away(message) ? 1 : 0;
        } catch (std::exception const&) {
            return 0;
        }
    };
    if (int const failed = ::sd_bus_add_filter(raw(bus), &filter_, filter, this); failed < 0)
        throw std::system_error(-failed, std::generic_category(), "cannot filter calls");
}

FloodGate::~FloodGate() {
    ::sd_bus_slot_unref(filter_);
}

bool FloodGate::turn_away(sd_bus_message* call) {
    char const* const sender = ::sd_bus_message_get_sender(call);
    if (::sd_bus_message_is_method_call(call, nullptr, nullptr) <= 0 || sender == nullptr)
        return false;
    if (::sd_bus_message_get_expect_reply(call) == 0 && only_reads(call))
        return true;
    if (!is_too_much(sender))
        return false;
    ::sd_bus_reply_method_errorf(
        call,
        "org.livepatchd1.Error.LimitsExceeded",
        "%s: more than %zu calls without waiting for their answers: wait for them",
        sender,
        burst
    );
    return true;
}

bool FloodGate::is_too_much(std::string const& sender) {
    auto const now = std::chrono::steady_clock::now();
    bool const over = now - since_ >= window;
    if (std::exchange(rests_, pump_.rests()) != pump_.rests() || over) {
        calls_.clear();
        since_ = now;
    }
    return ++calls_[sender] > burst;
}

} // namespace livepatch::dbus_server
