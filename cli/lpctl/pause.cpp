// lpctl pause: loads nothing any more, until it is resumed.
// --json: {"schema":1,"paused":true}

#include "lpctl/session.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

namespace livepatch::lpctl {

Outcome<int> pause(Context& context, ChangeOptions const& options) {
    auto session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    auto const asked = Session::Clock::now();
    auto const done = (*session)->daemon().pause((*session)->change(), (*session)->waiting({}));
    if (!done) {
        (*session)->refused({}, asked, done.error());
        return (*session)->finish();
    }
    if (options.json)
        context.print({{"schema", report::schema_version}, {"paused", true}});
    else
        context.out << "Nothing is loaded until 'lpctl resume'; what is loaded stays.\n";
    return exit_status::done;
}

} // namespace livepatch::lpctl
