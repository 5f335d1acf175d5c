#include "dbus_client/event_stream.hpp"

#include <systemd/sd-bus.h>

#include <array>
#include <string_view>
#include <utility>

namespace livepatch::dbus_client {

namespace {

constexpr auto driver = "org.freedesktop.DBus";
constexpr auto driver_path = "/org/freedesktop/DBus";
constexpr auto bus_name = "org.livepatchd1";

// By its name: anybody on the bus may send signals.
constexpr std::array rules{
    "type='signal',sender='org.livepatchd1',path='/org/livepatchd1',"
    "interface='org.livepatchd1.Manager',member='Event'",
    "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
    "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.livepatchd1'"};

Reply<Message>
ask_driver(Bus& bus, char const* method, char const* argument, std::chrono::milliseconds patience) {
    auto call = bus.method_call(driver, driver_path, driver, method);
    if (!call)
        return call;
    if (int const result = sd_bus_message_append(call->get(), "s", argument); result < 0)
        return malformed("cannot ask the message bus", result);
    return bus.send(std::move(*call), {.limit = patience});
}

// Signals that nobody asked for do not come, but for NameAcquired of our own.
std::optional<News> news_of(sd_bus_message* signal) {
    if (sd_bus_message_is_signal(signal, "org.livepatchd1.Manager", "Event") > 0) {
        auto event = read_dictionary(signal);
        if (!event)
            return std::nullopt;
        return News{.kind = News::Kind::event, .event = *std::move(event)};
    }
    char const* name = nullptr;
    char const* before = nullptr;
    char const* after = nullptr;
    if (sd_bus_message_is_signal(signal, driver, "NameOwnerChanged") <= 0 ||
        sd_bus_message_read(signal, "sss", &name, &before, &after) < 0 ||
        std::string_view(name) != bus_name)
        return std::nullopt;
    bool const there = std::string_view(after) != "";
    return News{.kind = there ? News::Kind::appeared : News::Kind::vanished};
}

} // namespace

Reply<EventStream>
EventStream::open(std::string const& bus_address, std::chrono::milliseconds patience) {
    auto bus = Bus::open(bus_address);
    if (!bus)
        return bus.error();
    auto signals = std::make_unique<std::deque<Message>>();
    if (auto const collecting = bus->collect_signals(*signals); !collecting)
        return collecting.error();
    for (auto const* rule : rules)
        if (auto const added = ask_driver(*bus, "AddMatch", rule, patience); !added)
            return unreachable("the message bus does not answer", "see 'systemctl status dbus'");
    // After that, so that nothing is missed in between.
    auto const owned = ask_driver(*bus, "GetNameOwner", bus_name, patience);
    if (!owned)
        return unreachable("not running", "start it with 'systemctl start livepatchd'");
    return EventStream(std::move(*bus), std::move(signals));
}

Reply<std::optional<News>> EventStream::next(std::function<bool()> const& tick) {
    for (;;) {
        while (!signals_->empty()) {
            auto const signal = std::move(signals_->front());
            signals_->pop_front();
            if (auto news = news_of(signal.get()))
                return news;
        }
        auto const more = bus_.wait(tick);
        if (!more)
            return more.error();
        if (!*more)
            return std::optional<News>();
    }
}

} // namespace livepatch::dbus_client
