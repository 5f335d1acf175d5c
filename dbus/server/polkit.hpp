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

    // Without a running polkit only root is allowed.
    void check(
        std::string const& sender, std::string const& action, bool interactive, Verdict verdict
    ) override;

private:
    void allow_root_only(std::string const& sender, Verdict verdict);

    BusPump& pump_;
    std::unique_ptr<sdbus::IProxy> polkit_;
    std::unique_ptr<sdbus::IProxy> bus_driver_;
};

} // namespace livepatch::dbus_server
