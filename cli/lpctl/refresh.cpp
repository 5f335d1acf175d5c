// lpctl refresh: has the daemon read its sources again.
// --json: {"schema":1,"refreshed":true}

#include "lpctl/change_host.hpp"

namespace livepatch::lpctl {

Outcome<int> refresh(Context& context, ChangeOptions const& options) {
    return change_host(
        context,
        options,
        &dbus_client::Daemon::refresh,
        {.words = "The sources have been read again.", .key = "refreshed"}
    );
}

} // namespace livepatch::lpctl
