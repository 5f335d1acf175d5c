// Who asked, as it is remembered.
#pragma once

#include "dbus_server/authoriser.hpp"
#include "report/event.hpp"

namespace livepatch::dbus_server {

// With the systemd unit his process is in, which is read now: nothing is decided by it, and it is
// empty when the process is gone.
report::Caller who(Caller const& caller);

} // namespace livepatch::dbus_server
