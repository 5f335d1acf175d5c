#include "dbus_server/log_control_object.hpp"

#include <utility>

namespace livepatch::dbus_server {

namespace {

constexpr auto path = "/org/freedesktop/LogControl1";

sdbus::Error invalid(std::string const& what) {
    return {"org.freedesktop.DBus.Error.InvalidArgs", what};
}

} // namespace

LogControlObject::LogControlObject(sdbus::IConnection& bus, LogControl log)
    : AdaptorInterfaces(bus, path),
      log_(std::move(log)) {
    registerAdaptor();
}

LogControlObject::~LogControlObject() {
    unregisterAdaptor();
}

std::string LogControlObject::LogLevel() {
    return log_.level();
}

void LogControlObject::LogLevel(std::string const& value) {
    if (!log_.set_level(value))
        throw invalid("levels are emerg, alert, crit, err, warning, notice, info and debug");
}

std::string LogControlObject::LogTarget() {
    return log_.target();
}

void LogControlObject::LogTarget(std::string const& value) {
    if (!log_.set_target(value))
        throw invalid("targets are journal and console");
}

std::string LogControlObject::SyslogIdentifier() {
    return log_.identifier;
}

} // namespace livepatch::dbus_server
