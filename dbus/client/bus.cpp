#include "dbus_client/bus.hpp"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace livepatch::dbus_client {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto tick_period = std::chrono::milliseconds(100);
constexpr std::uint64_t no_timeout = UINT64_MAX;

CallError bus_failure(std::string_view what, int result) {
    return unreachable(
        base::system_error({}, what, -result).cause, "see 'systemctl status dbus livepatchd'"
    );
}

int keep_reply(sd_bus_message* reply, void* user_data, sd_bus_error*) {
    static_cast<Message*>(user_data)->reset(sd_bus_message_ref(reply));
    return 0;
}

int keep_signal(sd_bus_message* message, void* signals, sd_bus_error*) {
    std::uint8_t type = 0;
    if (sd_bus_message_get_type(message, &type) >= 0 && type == SD_BUS_MESSAGE_SIGNAL)
        static_cast<std::deque<Message>*>(signals)->emplace_back(sd_bus_message_ref(message));
    return 0;
}

struct FreeSlot {
    void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};

// Until when to sleep: the deadline, or the next tick if somebody wants it.
std::uint64_t sleep_time(std::optional<Clock::time_point> deadline, bool ticking) {
    if (!deadline)
        return ticking ? std::chrono::microseconds(tick_period).count() : no_timeout;
    auto const left =
        std::chrono::duration_cast<std::chrono::microseconds>(*deadline - Clock::now());
    auto const bounded = std::max(left, std::chrono::microseconds(0));
    if (!ticking)
        return static_cast<std::uint64_t>(bounded.count());
    return static_cast<std::uint64_t>(
        std::min<std::chrono::microseconds>(bounded, tick_period).count()
    );
}

CallError timed_out() {
    return {
        .kind = CallError::Kind::timed_out,
        .error = {
            .code = base::Errc::stalled,
            .subject = "livepatchd",
            .cause = "no answer in time",
            .remedy = {}}};
}

CallError interrupted() {
    return {
        .kind = CallError::Kind::interrupted,
        .error = {.subject = "livepatchd", .cause = "interrupted", .remedy = {}}};
}

// Processes the bus until the reply is there.
std::optional<CallError> pump(sd_bus* bus, Message const& reply, Waiting const& waiting) {
    auto const deadline = waiting.limit ? std::optional(Clock::now() + *waiting.limit)
                                        : std::optional<Clock::time_point>();
    auto next_tick = Clock::now() + tick_period;
    while (!reply) {
        int const processed = sd_bus_process(bus, nullptr);
        if (processed < 0)
            return bus_failure("the message bus went away", processed);
        if (processed > 0)
            continue;
        if (deadline && Clock::now() >= *deadline)
            return timed_out();
        if (waiting.tick && Clock::now() >= next_tick) {
            if (!waiting.tick())
                return interrupted();
            next_tick = Clock::now() + tick_period;
        }
        int const waited = sd_bus_wait(bus, sleep_time(deadline, bool(waiting.tick)));
        if (waited < 0 && waited != -EINTR)
            return bus_failure("the message bus went away", waited);
    }
    return std::nullopt;
}

} // namespace

void Close::operator()(sd_bus* bus) const {
    sd_bus_close_unref(bus); // without a flush, which could wait for a bus that does not read
}

Reply<Bus> Bus::open(std::string const& address) {
    sd_bus* raw = nullptr;
    if (address.empty()) {
        int const opened = sd_bus_open_system(&raw);
        if (opened < 0)
            return bus_failure("no system message bus", opened);
        return Bus(raw);
    }
    int result = sd_bus_new(&raw);
    Bus bus(raw);
    if (result >= 0)
        result = sd_bus_set_address(raw, address.c_str());
    if (result >= 0)
        result = sd_bus_set_bus_client(raw, 1);
    if (result >= 0)
        result = sd_bus_start(raw);
    if (result < 0)
        return bus_failure("no message bus", result);
    return bus;
}

Reply<Message> Bus::method_call(
    std::string const& destination,
    std::string const& path,
    std::string const& interface,
    std::string const& method
) {
    sd_bus_message* raw = nullptr;
    int result = sd_bus_message_new_method_call(
        bus_.get(), &raw, destination.c_str(), path.c_str(), interface.c_str(), method.c_str()
    );
    Message message(raw);
    if (result >= 0)
        result = sd_bus_message_set_auto_start(raw, 0);
    if (result < 0)
        return bus_failure("cannot call " + method, result);
    return message;
}

Reply<Message> Bus::send(Message call, Waiting const& waiting) {
    Message reply;
    sd_bus_slot* raw = nullptr;
    int const sent =
        sd_bus_call_async(bus_.get(), &raw, call.get(), keep_reply, &reply, no_timeout);
    std::unique_ptr<sd_bus_slot, FreeSlot> const slot(raw); // forgets `reply` when we give up
    if (sent < 0)
        return bus_failure("cannot send to the message bus", sent);
    if (auto const failed = pump(bus_.get(), reply, waiting))
        return *failed;
    if (auto const* error = sd_bus_message_get_error(reply.get()))
        return from_bus_error(error->name, error->message == nullptr ? "" : error->message);
    return reply;
}

Reply<void> Bus::collect_signals(std::deque<Message>& signals) {
    int const added = sd_bus_add_filter(bus_.get(), nullptr, keep_signal, &signals);
    if (added < 0)
        return bus_failure("cannot listen to the message bus", added);
    return {};
}

Reply<bool> Bus::wait(std::function<bool()> const& tick) {
    for (;;) {
        int const processed = sd_bus_process(bus_.get(), nullptr);
        if (processed < 0)
            return bus_failure("the message bus went away", processed);
        if (processed > 0)
            return true;
        if (!tick())
            return false;
        int const waited = sd_bus_wait(bus_.get(), sleep_time(std::nullopt, true));
        if (waited < 0 && waited != -EINTR)
            return bus_failure("the message bus went away", waited);
    }
}

} // namespace livepatch::dbus_client
