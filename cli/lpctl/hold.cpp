// lpctl hold: keeps patches from being loaded, in all their versions. Goes on when one fails.
// --json: see results.hpp.

#include "lpctl/change_each.hpp"

namespace livepatch::lpctl {

Outcome<int> hold(Context& context, ChangeOptions const& options) {
    return change_each(context, options, &dbus_client::Daemon::hold, Change::held);
}

} // namespace livepatch::lpctl
