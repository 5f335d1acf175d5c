// org.freedesktop.LogControl1: what `systemctl service-log-level` talks to.
#pragma once

#include "dbus_server/adaptors/log_control.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <string>

namespace livepatch::dbus_server {

// The log as systemd calls its parts. The setters say whether there is such a level or target.
struct LogControl {
    std::function<std::string()> level;
    std::function<bool(std::string const&)> set_level;
    std::function<std::string()> target;
    std::function<bool(std::string const&)> set_target;
    std::string identifier;
};

// Anybody may read it, only root may set it: sd-bus refuses others, and the bus does before it.
class LogControlObject final
    : public sdbus::AdaptorInterfaces<org::freedesktop::LogControl1_adaptor> {
public:
    LogControlObject(sdbus::IConnection& bus, LogControl log);
    ~LogControlObject();

private:
    std::string LogLevel() override;
    void LogLevel(std::string const& value) override;
    std::string LogTarget() override;
    void LogTarget(std::string const& value) override;
    std::string SyslogIdentifier() override;

    LogControl log_;
};

} // namespace livepatch::dbus_server
