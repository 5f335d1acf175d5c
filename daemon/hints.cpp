#include "hints.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace livepatch::daemon {

Hints::Hints(
    boost::asio::io_context& io,
    kernel::Root const& root,
    std::vector<std::filesystem::path> watched,
    Handlers handlers
)
    : handlers_(std::move(handlers)) {
    if (auto log = kernel::KernelLog::open(root)) {
        log_.emplace(std::move(log).value());
        log_readable_.emplace(io, log_->fd(), [this] { read_log(); });
    } else {
        spdlog::warn(
            "going on without the kernel's log, transitions are seen up to 200 ms later: {}",
            describe(log.error())
        );
    }
    if (auto uevents = kernel::Uevents::open()) {
        uevents_.emplace(std::move(uevents).value());
        uevents_readable_.emplace(io, uevents_->fd(), [this] { read_uevents(); });
    } else {
        spdlog::warn(
            "going on without uevents, other tools' loads are seen later: {}",
            describe(uevents.error())
        );
    }
    if (auto watcher = repository::Watcher::create(std::move(watched))) {
        watcher_.emplace(std::move(watcher).value());
        watcher_readable_.emplace(io, watcher_->fd(), [this] {
            if (watcher_->changed())
                handlers_.sources_changed();
        });
    } else {
        spdlog::warn("sources are not watched, use lpctl refresh: {}", describe(watcher.error()));
    }
}

void Hints::read_log() {
    auto const batch = log_->read_new();
    if (!batch) {
        spdlog::warn("going on without the kernel's log: {}", describe(batch.error()));
        log_readable_.reset();
        return;
    }
    if (batch->lost)
        handlers_.hints_lost();
    else if (std::any_of(batch->lines.begin(), batch->lines.end(), kernel::concerns_livepatch))
        handlers_.kernel_moved();
}

void Hints::read_uevents() {
    auto const batch = uevents_->read_new();
    if (!batch) {
        spdlog::warn("going on without uevents: {}", describe(batch.error()));
        uevents_readable_.reset();
        return;
    }
    if (batch->lost)
        handlers_.hints_lost();
    else if (!batch->events.empty())
        handlers_.kernel_moved();
}

} // namespace livepatch::daemon
