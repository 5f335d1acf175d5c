// The health command of [probation], run by systemd: in a unit of its own, with none of the
// daemon's rights and a time limit.
#pragma once

#include "base/clock.hpp"
#include "dbus_server/bus_pump.hpp"
#include "engine/health_check.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace livepatch::dbus_server {

// Belongs to the loop.
class HealthCommand : public engine::HealthCheck {
public:
    static constexpr std::chrono::seconds time_limit{60};

    HealthCommand(sdbus::IConnection& bus, BusPump& pump, base::Clock& clock, std::string command);
    HealthCommand(HealthCommand const&) = delete;
    HealthCommand& operator=(HealthCommand const&) = delete;
    ~HealthCommand() override = default;

    // For /bin/sh; "" = nobody is asked.
    void configure(std::string command) { command_ = std::move(command); }

    bool is_wanted() const override { return !command_.empty(); }

    // As livepatch-health.service, with the patch's name in $LIVEPATCH. Exit 0 is well, and any
    // other is not, but for 126 and 127, by which a shell says that it could not run the command,
    // and 200 and above, by which systemd does. Those are errors, as are a command that is killed
    // or has no time, and a systemd that does not answer.
    void run(std::string const& patch, Done done) override;

private:
    using Properties = std::map<std::string, sdbus::Variant>;

    // A call of systemd about the unit that nobody waits for.
    template <class... Arguments>
    void ask(char const* method, Arguments const&... arguments);
    void start();
    void changed(std::string const& interface, Properties const& properties);
    void read_result();
    void forget();
    void finish(base::Result<Verdict> verdict);

    BusPump& pump_;
    base::Clock& clock_;
    std::unique_ptr<sdbus::IProxy> manager_;
    std::unique_ptr<sdbus::IProxy> unit_;
    std::string command_;
    std::unique_ptr<base::Alarm> too_late_;
    std::unique_ptr<base::Alarm> again_;
    std::string patch_;                            // that it is asked about
    bool started_ = false;                         // systemd has begun it
    std::optional<base::Result<Verdict>> verdict_; // of a unit that is still there
    Done done_;                                    // of what runs
};

} // namespace livepatch::dbus_server
