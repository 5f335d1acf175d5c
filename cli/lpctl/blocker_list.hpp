// The tasks that the running transition waits for, asked of the daemon or counted by ourselves.
#pragma once

#include "dbus_client/daemon.hpp"
#include "lpctl/context.hpp"
#include "lpctl/failure.hpp"
#include "lpctl/overlay.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace livepatch::lpctl {

struct Blocker {
    std::uint64_t pid = 0;
    std::uint64_t tid = 0;
    std::string comm;
    std::string kind; // kthread, user
    std::string unit;
    std::string container;
    std::string state;
    std::string wchan;
    std::vector<std::string> stack;
    std::string function; // the patched function on that stack
    std::string reason;   // "class" in JSON
    std::string advice;
};

struct BlockerList {
    std::vector<Blocker> tasks;
    bool from_daemon = false;
    std::uint64_t unreadable = 0; // tasks that may block too, but we may not look at them
};

// `patch` is the one in transition. Never longer than Patience::reading plus a scan of /proc.
// `daemon` may be null.
Outcome<BlockerList> list_blockers(
    Context const& context, dbus_client::Daemon* daemon, report::PatchReport const& patch
);

} // namespace livepatch::lpctl
