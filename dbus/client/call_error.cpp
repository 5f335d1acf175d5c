#include "dbus_client/call_error.hpp"

#include "base/text.hpp"
#include "report/error_name.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace livepatch::dbus_client {

namespace {

constexpr std::string_view bus_prefix = "org.freedesktop.DBus.Error.";

bool is_one_of(std::string_view word, auto const& words) {
    return std::ranges::find(words, word) != words.end();
}

CallError::Kind kind_of(std::string_view bus_error) {
    static constexpr std::array<std::string_view, 4> nobody{
        "ServiceUnknown", "NameHasNoOwner", "Disconnected", "NoServer"};
    // NoReply is also what the bus says when the daemon dies with our call in its hands.
    if (is_one_of(bus_error, nobody) || bus_error == "NoReply")
        return CallError::Kind::unreachable;
    if (bus_error == "Timeout" || bus_error == "TimedOut")
        return CallError::Kind::timed_out;
    return CallError::Kind::refused;
}

base::Errc code_of(std::string_view bus_error) {
    static constexpr std::array<std::string_view, 3> authorization{
        "AccessDenied", "AuthFailed", "InteractiveAuthorizationRequired"};
    // A method that this daemon does not know: an older one, or a stranger on the name.
    static constexpr std::array<std::string_view, 3> unknown{
        "UnknownMethod", "UnknownInterface", "NotSupported"};
    if (is_one_of(bus_error, authorization))
        return base::Errc::not_authorized;
    if (is_one_of(bus_error, unknown))
        return base::Errc::unsupported;
    if (bus_error == "UnknownObject")
        return base::Errc::not_found;
    if (bus_error == "InvalidArgs")
        return base::Errc::invalid_argument;
    return bus_error == "LimitsExceeded" ? base::Errc::limits_exceeded : base::Errc::failed;
}

} // namespace

void throw_exception_from_error(CallError const& error, boost::source_location const& where) {
    base::throw_exception_from_error(error.error, where);
}

CallError unreachable(std::string cause, std::string remedy) {
    return {
        .kind = CallError::Kind::unreachable,
        .error = {.subject = "livepatchd", .cause = std::move(cause), .remedy = std::move(remedy)}};
}

CallError from_bus_error(std::string_view name, std::string_view message) {
    auto error = base::Error{.subject = {}, .cause = {}, .remedy = {}};
    auto const lines = base::split(message, '\n');
    error.cause = message.empty() ? name : lines.front();
    // Below its sentence the daemon puts what the kernel said (dbus/server/wire.cpp).
    constexpr std::string_view said_by = "kernel: ";
    for (auto line : std::span(lines).subspan(1)) {
        if (line.starts_with(said_by))
            line.remove_prefix(said_by.size());
        error.kernel_log.emplace_back(line);
    }
    if (!name.starts_with(bus_prefix)) {
        error.code = report::errc_from_name(name);
        return {.kind = CallError::Kind::refused, .error = std::move(error)};
    }
    name.remove_prefix(bus_prefix.size());
    error.code = code_of(name);
    auto const kind = kind_of(name);
    if (kind != CallError::Kind::refused)
        error.subject = "livepatchd";
    return {.kind = kind, .error = std::move(error)};
}

} // namespace livepatch::dbus_client
