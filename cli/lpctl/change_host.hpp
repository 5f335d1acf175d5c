// What the verbs share that change something about the whole host.
#pragma once

#include "dbus_client/daemon.hpp"
#include "lpctl/verbs.hpp"

#include <string_view>

namespace livepatch::lpctl {

using AskForHost = dbus_client::Reply<
    void> (dbus_client::Daemon::*)(dbus_client::Change const&, dbus_client::Waiting const&);

// What is printed when it is done.
struct HostChanged {
    std::string_view words; // for people
    std::string_view key;   // with --json
    bool value = true;
};

Outcome<int> change_host(
    Context& context, ChangeOptions const& options, AskForHost ask, HostChanged const& changed
);

} // namespace livepatch::lpctl
