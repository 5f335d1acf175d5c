// lpctl resume: ends the pause.
// --json: {"schema":1,"paused":false}

#include "lpctl/session.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

namespace livepatch::lpctl {

Outcome<int> resume(Context& context, ChangeOptions const& options) {
    auto session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    auto const asked = Session::Clock::now();
    auto const done = (*session)->daemon().resume((*session)->change(), (*session)->waiting({}));
    if (!done) {
        (*session)->refused({}, asked, done.error());
        return (*session)->finish();
    }
    if (options.json)
        context.print({{"schema", report::schema_version}, {"paused", false}});
    else
        context.out << "Patches are loaded again.\n";
    return exit_status::done;
}

} // namespace livepatch::lpctl
