// What hold and unhold have in common: one patch after the other, each done when the daemon has
// answered. Goes on when one fails.
#pragma once

#include "dbus_client/daemon.hpp"
#include "lpctl/results.hpp"
#include "lpctl/verbs.hpp"

#include <string>

namespace livepatch::lpctl {

// The call that does it to one patch.
using AskForPatch = dbus_client::Reply<void> (dbus_client::Daemon::*)(
    std::string const& patch, dbus_client::Change const& change, dbus_client::Waiting const& waiting
);

// `becomes` is what is told of a patch once it is done.
Outcome<int>
change_each(Context& context, ChangeOptions const& options, AskForPatch ask, Change becomes);

} // namespace livepatch::lpctl
