// lpctl resume: ends the pause.
// --json: {"schema":1,"paused":false}

#include "lpctl/change_host.hpp"

namespace livepatch::lpctl {

Outcome<int> resume(Context& context, ChangeOptions const& options) {
    return change_host(
        context,
        options,
        &dbus_client::Daemon::resume,
        {.words = "Patches are loaded again.", .key = "paused", .value = false}
    );
}

} // namespace livepatch::lpctl
