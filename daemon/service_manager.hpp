// What systemd wants to hear (sd_notify).
#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace livepatch::daemon {

class ServiceManager {
public:
    // `tick` is called with each sign of life, half as often as systemd would wait; never without a
    // watchdog.
    ServiceManager(base::Clock& clock, std::function<void()> tick);

    void ready(); // after the start, and after each reloading()
    void reloading();
    void stopping();

private:
    void schedule();

    base::Clock& clock_;
    std::function<void()> tick_;
    std::optional<std::chrono::microseconds> interval_;
    std::unique_ptr<base::Alarm> alarm_;
};

} // namespace livepatch::daemon
