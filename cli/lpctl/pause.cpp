// lpctl pause: loads nothing any more, until it is resumed.
// --json: {"schema":1,"paused":true}

#include "lpctl/change_host.hpp"

namespace livepatch::lpctl {

Outcome<int> pause(Context& context, ChangeOptions const& options) {
    return change_host(
        context,
        options,
        &dbus_client::Daemon::pause,
        {.words = "Nothing is loaded until 'lpctl resume'; what is loaded stays.", .key = "paused"}
    );
}

} // namespace livepatch::lpctl
