// lpctl refresh: has the daemon read its sources again.
// --json: {"schema":1,"refreshed":true}

#include "lpctl/session.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

namespace livepatch::lpctl {

Outcome<int> refresh(Context& context, ChangeOptions const& options) {
    auto session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    auto const asked = Session::Clock::now();
    auto const done = (*session)->daemon().refresh((*session)->change(), (*session)->waiting({}));
    if (!done) {
        (*session)->not_accepted({}, asked, done.error());
        return (*session)->finish();
    }
    if (options.json)
        context.print({{"schema", report::schema_version}, {"refreshed", true}});
    else
        context.out << "The sources have been read again.\n";
    return exit_status::done;
}

} // namespace livepatch::lpctl
