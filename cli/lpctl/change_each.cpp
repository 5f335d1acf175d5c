#include "lpctl/change_each.hpp"

#include "lpctl/session.hpp"

namespace livepatch::lpctl {

Outcome<int>
change_each(Context& context, ChangeOptions const& options, AskForPatch ask, Change becomes) {
    auto session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    for (auto const& patch : options.patches) {
        auto const asked = Session::Clock::now();
        auto& daemon = (*session)->daemon();
        auto const done = (daemon.*ask)(patch, (*session)->change(), (*session)->waiting(patch));
        if (done)
            (*session)->done(patch, asked, becomes);
        else
            (*session)->refused(patch, asked, done.error());
        if (Interrupt::signal() != 0)
            break;
    }
    return (*session)->finish();
}

} // namespace livepatch::lpctl
