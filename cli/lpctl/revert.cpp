// lpctl revert: takes patches out of the kernel, one after the other, and waits for each. Goes on
// when one fails: whoever wants them out wants as many of them out as possible.
// --json: see results.hpp.

#include "lpctl/session.hpp"
#include "lpctl/verbs.hpp"

namespace livepatch::lpctl {

namespace {

// What livepatchd has loaded, as far as is known.
std::vector<std::string> ours(View const& view) {
    std::vector<std::string> modules;
    for (auto const& patch : view.report.patches) {
        bool const loaded = patch.state != base::PatchState::absent;
        if (loaded && patch.disposition != report::Disposition::unmanaged)
            modules.push_back(patch.name);
    }
    return modules;
}

void revert_all(Session& session) {
    auto const modules = ours(session.known());
    auto const asked = Session::Clock::now();
    auto const accepted =
        session.daemon().revert_all(session.change(), session.waiting_for_all(modules.size()));
    if (!accepted)
        session.not_accepted({}, asked, accepted.error());
    else
        session.accepted(modules, asked, true);
}

void revert_one(Session& session, std::string const& patch) {
    auto const module = session.module_of(patch); // may be unknown afterwards
    auto const asked = Session::Clock::now();
    auto const accepted = session.daemon().revert(patch, session.change(), session.waiting(patch));
    if (!accepted) {
        session.not_accepted(patch, asked, accepted.error());
        return;
    }
    session.accepted({module}, asked, false);
}

} // namespace

Outcome<int> revert(Context& context, ChangeOptions const& options) {
    if (options.all && !options.patches.empty())
        return usage_error("revert: both patches and --all", "give one of them");
    if (!options.all && options.patches.empty())
        return usage_error("revert: no patch named", "name one or give --all; see 'lpctl list'");
    auto session = Session::open(context, options, Goal::reverted);
    if (!session)
        return session.error();
    if (options.all)
        revert_all(**session);
    for (auto const& patch : options.patches) {
        revert_one(**session, patch);
        if (Interrupt::signal() != 0)
            break;
    }
    return (*session)->finish();
}

} // namespace livepatch::lpctl
