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
    open_log(io, root);
    open_uevents(io);
    watch(io, std::move(watched));
}

void Hints::open_log(boost::asio::io_context& io, kernel::Root const& root) {
    auto log = kernel::KernelLog::open(root);
    if (!log) {
        spdlog::warn(
            "going on without the kernel's log, transitions are seen up to 200 ms later: {}",
            describe(log.error())
        );
        return;
    }
    log_.emplace(std::move(log).value());
    log_readable_.emplace(io, log_->fd(), [this] { read_log(); });
}

void Hints::open_uevents(boost::asio::io_context& io) {
    auto uevents = kernel::Uevents::open();
    if (!uevents) {
        spdlog::warn(
            "going on without uevents, other tools' loads are seen later: {}",
            describe(uevents.error())
        );
        return;
    }
    uevents_.emplace(std::move(uevents).value());
    uevents_readable_.emplace(io, uevents_->fd(), [this] { read_uevents(); });
}

void Hints::watch(boost::asio::io_context& io, std::vector<std::filesystem::path> directories) {
    auto watcher = repository::Watcher::create(std::move(directories));
    if (!watcher) {
        spdlog::warn("sources are not watched, use lpctl refresh: {}", describe(watcher.error()));
        return;
    }
    watcher_.emplace(std::move(watcher).value());
    watcher_readable_.emplace(io, watcher_->fd(), [this] {
        if (watcher_->changed())
            handlers_.sources_changed();
    });
    auto mounts = MountTable::watch(io, [this] {
        if (watcher_->leads_elsewhere())
            handlers_.sources_changed();
    });
    if (!mounts) {
        spdlog::warn("mounts over sources are seen later: {}", describe(mounts.error()));
        return;
    }
    mounts_ = std::move(mounts).value();
    (void)watcher_->leads_elsewhere(); // what was mounted meanwhile
}

void Hints::read_log() {
    auto const batch = log_->read_new();
    if (!batch) {
        spdlog::warn("going on without the kernel's log: {}", describe(batch.error()));
        log_readable_.reset();
        return;
    }
    if (batch->lost ||
        std::any_of(batch->lines.begin(), batch->lines.end(), kernel::concerns_livepatch))
        handlers_.kernel_moved();
}

void Hints::read_uevents() {
    auto const batch = uevents_->read_new();
    if (!batch) {
        spdlog::warn("going on without uevents: {}", describe(batch.error()));
        uevents_readable_.reset();
        return;
    }
    if (batch->lost || !batch->events.empty())
        handlers_.kernel_moved();
}

} // namespace livepatch::daemon
