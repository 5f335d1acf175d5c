// Everything livepatchd shows on the bus.
#pragma once

#include "dbus_server/authoriser.hpp"
#include "dbus_server/bus_pump.hpp"
#include "dbus_server/flood_gate.hpp"
#include "dbus_server/manager_object.hpp"
#include "dbus_server/patch_object.hpp"
#include "engine/engine.hpp"
#include "history/recorder.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <memory>
#include <string>

namespace livepatch::dbus_server {

// On one thread, the loop's. The calls below come from the engine's handlers, posted: never from
// within a property that is being read, since they may remove the object it belongs to.
class Service {
public:
    Service(
        sdbus::IConnection& bus,
        BusPump& pump,
        engine::Engine& engine,
        history::Recorder& history,
        Authoriser& authoriser
    );

    void show(report::Report const& report);
    void announce(report::Event const& event);

    // Becomes reachable. Last, when there is something to be seen.
    void claim_name();

private:
    sdbus::IConnection& bus_;
    BusPump& pump_;
    engine::Engine& engine_;
    FloodGate flood_gate_;
    ManagerObject manager_;
    std::map<std::string, std::unique_ptr<PatchObject>> patches_;
};

} // namespace livepatch::dbus_server
