#include "dbus_server/polkit.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace livepatch::dbus_server {

namespace {

using namespace std::chrono_literals;

using Credentials = std::map<std::string, sdbus::Variant>;
using Details = std::map<std::string, std::string>;
using Subject = sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>;
using Answer = sdbus::Struct<bool, bool, Details>; // is authorized, is challenge, details

constexpr std::uint32_t allow_user_interaction = 1; // polkit's CheckAuthorizationFlags

// A user takes his time to type a password; a machine does not.
constexpr auto human_timeout = 120s;
constexpr auto machine_timeout = 10s;

std::optional<std::uint32_t> number(Credentials const& credentials, std::string const& key) {
    auto const found = credentials.find(key);
    if (found == credentials.end() || !found->second.containsValueOfType<std::uint32_t>())
        return std::nullopt;
    return found->second.get<std::uint32_t>();
}

} // namespace

Polkit::Polkit(sdbus::IConnection& bus, BusPump& pump)
    : pump_(pump),
      polkit_(sdbus::createProxy(
          bus, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority"
      )),
      bus_driver_(sdbus::createProxy(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus")) {}

void Polkit::identify(std::string const& sender, Identified identified) {
    bus_driver_->callMethodAsync("GetConnectionCredentials")
        .onInterface("org.freedesktop.DBus")
        .withTimeout(machine_timeout)
        .withArguments(sender)
        .uponReplyInvoke([sender, identified = std::move(identified)](
                             sdbus::Error const* error, Credentials const& credentials
                         ) {
            auto const user = number(credentials, "UnixUserID");
            if (error == nullptr && user)
                return identified(Caller{
                    .sender = sender,
                    .user = *user,
                    .process = static_cast<pid_t>(number(credentials, "ProcessID").value_or(0))});
            auto const why = error == nullptr ? "the bus does not know his user"
                                              : "the caller is gone: " + error->getMessage();
            identified(base::Error{
                .code = base::Errc::not_authorized,
                .subject = sender,
                .cause = "not authorised, " + why,
                .remedy = {}});
        });
    pump_.wake();
}

void Polkit::check(
    Caller const& caller, std::string const& action, bool interactive, Verdict verdict
) {
    if (caller.user == 0)
        return verdict({.allowed = true, .user = caller.user});
    Subject const subject{"system-bus-name", {{"name", sdbus::Variant(caller.sender)}}};
    std::uint32_t const flags = interactive ? allow_user_interaction : 0;
    polkit_->callMethodAsync("CheckAuthorization")
        .onInterface("org.freedesktop.PolicyKit1.Authority")
        .withTimeout(interactive ? human_timeout : machine_timeout)
        .withArguments(subject, action, Details{}, flags, std::string())
        .uponReplyInvoke([this, caller, verdict = std::move(verdict)](
                             sdbus::Error const* error, Answer const& answer
                         ) {
            auto const user = caller.user;
            if (error != nullptr)
                verdict({.user = user, .obstacle = "polkit does not answer: " + error->getMessage()}
                );
            else if (std::get<0>(answer))
                allow_if_still_there(caller, verdict);
            else
                verdict({.user = user});
        });
    pump_.wake();
}

void Polkit::allow_if_still_there(Caller const& caller, Verdict const& verdict) {
    identify(caller.sender, [user = caller.user, verdict](base::Result<Caller> const& there) {
        verdict(
            {.allowed = there.has_value(),
             .user = user,
             .obstacle = there ? std::string() : there.error().cause}
        );
    });
}

} // namespace livepatch::dbus_server
