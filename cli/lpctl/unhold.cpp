// lpctl unhold: lifts holds, those of reverts too, and pins. Goes on when one fails.
// --json: see results.hpp.

#include "lpctl/session.hpp"
#include "lpctl/verbs.hpp"

namespace livepatch::lpctl {

Outcome<int> unhold(Context& context, ChangeOptions const& options) {
    auto session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    for (auto const& patch : options.patches) {
        auto const asked = Session::Clock::now();
        auto& daemon = (*session)->daemon();
        auto const done = daemon.unhold(patch, (*session)->change(), (*session)->waiting(patch));
        if (done)
            (*session)->done(patch, asked, Change::unheld);
        else
            (*session)->refused(patch, asked, done.error());
        if (Interrupt::signal() != 0)
            break;
    }
    return (*session)->finish();
}

} // namespace livepatch::lpctl
