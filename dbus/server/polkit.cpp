#include "dbus_server/polkit.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

namespace livepatch::dbus_server {

namespace {

using namespace std::chrono_literals;

using Details = std::map<std::string, std::string>;
using Subject = sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>;
using Answer = sdbus::Struct<bool, bool, Details>; // is authorized, is challenge, details

constexpr std::uint32_t allow_user_interaction = 1; // polkit's CheckAuthorizationFlags

// A user takes his time to type a password; a machine does not.
constexpr auto human_timeout = 120s;
constexpr auto machine_timeout = 10s;

} // namespace

Polkit::Polkit(sdbus::IConnection& bus, BusPump& pump)
    : pump_(pump),
      polkit_(sdbus::createProxy(
          bus, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority"
      )),
      bus_driver_(sdbus::createProxy(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus")) {}

void Polkit::check(
    std::string const& sender, std::string const& action, bool interactive, Verdict verdict
) {
    Subject const subject{"system-bus-name", {{"name", sdbus::Variant(sender)}}};
    std::uint32_t const flags = interactive ? allow_user_interaction : 0;
    polkit_->callMethodAsync("CheckAuthorization")
        .onInterface("org.freedesktop.PolicyKit1.Authority")
        .withTimeout(interactive ? human_timeout : machine_timeout)
        .withArguments(subject, action, Details{}, flags, std::string())
        .uponReplyInvoke([this, sender, verdict = std::move(verdict)](
                             sdbus::Error const* error, Answer const& answer
                         ) {
            if (error != nullptr)
                allow_root_only(sender, verdict);
            else
                verdict(std::get<0>(answer));
        });
    pump_.wake();
}

void Polkit::allow_root_only(std::string const& sender, Verdict verdict) {
    bus_driver_->callMethodAsync("GetConnectionUnixUser")
        .onInterface("org.freedesktop.DBus")
        .withTimeout(machine_timeout)
        .withArguments(sender)
        .uponReplyInvoke([verdict =
                              std::move(verdict)](sdbus::Error const* error, std::uint32_t uid) {
            verdict(error == nullptr && uid == 0);
        });
    pump_.wake();
}

} // namespace livepatch::dbus_server
