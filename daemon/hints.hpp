// What wakes the engine: the kernel's log and uevents, and changes in the sources. Hints only; each
// of them may fail and the daemon goes on with what is left.
#pragma once

#include "kernel/kernel_log.hpp"
#include "kernel/root.hpp"
#include "kernel/uevents.hpp"
#include "readable.hpp"
#include "repository/watcher.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace livepatch::daemon {

class Hints {
public:
    struct Handlers {
        std::function<void()> kernel_moved;
        std::function<void()> hints_lost; // of the kernel's, there were more than it kept for us
        std::function<void()> sources_changed;
    };

    Hints(
        boost::asio::io_context& io,
        kernel::Root const& root,
        std::vector<std::filesystem::path> watched,
        Handlers handlers
    );

private:
    void read_log();
    void read_uevents();

    Handlers handlers_;
    std::optional<kernel::KernelLog> log_;
    std::optional<kernel::Uevents> uevents_;
    std::optional<repository::Watcher> watcher_;
    // After the owners of their descriptors, so that they go first.
    std::optional<Readable> log_readable_;
    std::optional<Readable> uevents_readable_;
    std::optional<Readable> watcher_readable_;
};

} // namespace livepatch::daemon
