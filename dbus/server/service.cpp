#include "dbus_server/service.hpp"

#include <set>
#include <utility>

namespace livepatch::dbus_server {

Service::Service(
    sdbus::IConnection& bus,
    BusPump& pump,
    engine::Engine& engine,
    history::Recorder& history,
    Authoriser& authoriser
)
    : bus_(bus),
      pump_(pump),
      engine_(engine),
      flood_gate_(bus, pump),
      manager_(bus, pump, engine, history, authoriser) {}

void Service::show(report::Report const& report) {
    engine::Engine::WithoutLooking const announcing(engine_);
    std::set<std::string> names;
    for (auto const& patch : report.patches) {
        names.insert(patch.name);
        if (auto const found = patches_.find(patch.name); found != patches_.end())
            found->second->update(patch);
        else
            patches_.emplace(patch.name, std::make_unique<PatchObject>(bus_, engine_, patch));
    }
    std::erase_if(patches_, [&](auto const& entry) { return !names.contains(entry.first); });
    manager_.update(report);
    pump_.wake();
}

void Service::announce(report::Event const& event) {
    manager_.announce(event);
    pump_.wake();
}

void Service::claim_name() {
    bus_.requestName("org.livepatchd1");
    pump_.wake();
}

} // namespace livepatch::dbus_server
