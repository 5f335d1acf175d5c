// lpctl trust reset: has the daemon forget what it accepted of a repository, and read it anew.
// --json: {"schema":1,"reset":NAME}

#include "lpctl/session.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

namespace livepatch::lpctl {

Outcome<int> trust_reset(Context& context, ChangeOptions const& options) {
    auto session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    auto const& name = options.patches.front();
    auto const asked = Session::Clock::now();
    auto& daemon = (*session)->daemon();
    auto const done = daemon.reset_trust(name, (*session)->change(), (*session)->waiting({}));
    if (!done) {
        (*session)->refused({}, asked, done.error());
        return (*session)->finish();
    }
    if (options.json)
        context.print({{"schema", report::schema_version}, {"reset", name}});
    else
        context.out << "What was accepted of " << name
                    << " is forgotten; it is believed by its installed root.\n";
    return exit_status::done;
}

} // namespace livepatch::lpctl
