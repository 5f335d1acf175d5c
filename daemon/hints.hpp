// What the kernel wakes the engine with: its log and its uevents. Hints only; each of them may fail
// and the daemon goes on with what is left, says so, and tries it again.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "kernel/kernel_log.hpp"
#include "kernel/root.hpp"
#include "kernel/uevents.hpp"
#include "log_mark.hpp"
#include "readable.hpp"
#include "retry_delay.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace livepatch::daemon {

class Hints {
public:
    // Early at boot nobody else loads anything, and netlink is one thing less to be allowed.
    enum class Kind { all, log_only };

    struct Handlers {
        std::function<void()> kernel_moved;
        // All that the kernel printed; before kernel_moved, when some of it says that. The answer
        // is the first line with which nobody is through yet; nothing: none.
        std::function<std::optional<std::uint64_t>(std::vector<kernel::KernelLine> const&)>
            kernel_said;
        std::function<void()> hints_lost; // of the kernel's, there were more than it kept for us
        // What is wrong with a hint, by a code of its own; no words = nothing any more.
        std::function<void(std::string const& code, std::vector<std::string> words)> complain;
    };

    Hints(
        boost::asio::io_context& io,
        base::Clock& clock,
        kernel::Root root,
        LogMark log_mark,
        Handlers handlers,
        Kind kind = Kind::all
    );

private:
    using Read = bool (Hints::*)();   // as Readable has it
    using Follow = void (Hints::*)(); // opens it, perhaps once more

    // One descriptor's owner, and what waits for it.
    template <class Owner>
    struct Hint {
        char const* code; // of what is said when it fails
        std::optional<Owner> owner = {};
        std::optional<Readable> readable = {}; // after the owner, so that it goes first
        bool failing = false;
        RetryDelay delay = {};
        std::unique_ptr<base::Alarm> again = {};
    };

    template <class Owner>
    void follow(Hint<Owner>& hint, base::Result<Owner> opened, Read read, Follow again);
    template <class Owner>
    void fail(Hint<Owner>& hint, base::Error const& error, Follow again);
    void follow_log();
    void follow_uevents();
    bool read_log();
    bool read_uevents();

    boost::asio::io_context& io_;
    base::Clock& clock_;
    kernel::Root root_;
    LogMark log_mark_;
    Handlers handlers_;
    Hint<kernel::KernelLog> log_{"kernel-log-unreadable"};
    Hint<kernel::Uevents> uevents_{"kernel-events-unreadable"};
};

} // namespace livepatch::daemon
