#include "service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <utility>

namespace livepatch::daemon {

ServiceManager::ServiceManager(base::Clock& clock, std::function<void()> tick)
    : clock_(clock),
      tick_(std::move(tick)) {
    std::uint64_t timeout = 0;
    if (::sd_watchdog_enabled(0, &timeout) > 0)
        interval_ = std::chrono::microseconds(timeout / 2);
}

void ServiceManager::ready() {
    ::sd_notify(0, "READY=1");
    if (!alarm_) // not put off by reloads
        schedule();
}

void ServiceManager::reloading() {
    ::sd_notify(0, "RELOADING=1");
}

void ServiceManager::stopping() {
    ::sd_notify(0, "STOPPING=1");
}

void ServiceManager::schedule() {
    if (!interval_)
        return;
    alarm_ = clock_.alarm(clock_.now() + *interval_, [this] {
        ::sd_notify(0, "WATCHDOG=1");
        tick_();
        schedule();
    });
}

} // namespace livepatch::daemon
