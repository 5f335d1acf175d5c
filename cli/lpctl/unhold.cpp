// lpctl unhold: lifts holds, those of reverts too, and pins. Goes on when one fails.
// --json: see results.hpp.

#include "lpctl/change_each.hpp"

namespace livepatch::lpctl {

Outcome<int> unhold(Context& context, ChangeOptions const& options) {
    return change_each(context, options, &dbus_client::Daemon::unhold, Change::unheld);
}

} // namespace livepatch::lpctl
