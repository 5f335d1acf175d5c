// Authorisation by polkit, never waited for.
#pragma once

#include "dbus_server/authoriser.hpp"
#include "dbus_server/bus_pump.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <memory>

namespace livepatch::dbus_server {

class Polkit : public Authoriser {
public:
    Polkit(sdbus::IConnection& bus, BusPump& pump);

    void identify(std::string const& sender, Identified identified) override;

    // Root may do everything, and polkit is not asked: it would say the same (polkit(8)), and a
    // polkit that is stuck, or not there yet, shall not keep a harmful patch in the kernel.
    void check(Caller const& caller, std::string const& action, bool interactive, Verdict verdict)
        override;

private:
    // Whoever ended his program while he was asked for his password does not want it any more.
    void allow_if_still_there(Caller const& caller, Verdict const& verdict);

    BusPump& pump_;
    std::unique_ptr<sdbus::IProxy> polkit_;
    std::unique_ptr<sdbus::IProxy> bus_driver_;
};

} // namespace livepatch::dbus_server
