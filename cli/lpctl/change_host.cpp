#include "lpctl/change_host.hpp"

#include "lpctl/session.hpp"
#include "report/report_json.hpp"

namespace livepatch::lpctl {

Outcome<int> change_host(
    Context& context, ChangeOptions const& options, AskForHost ask, HostChanged const& changed
) {
    auto const session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    auto const asked = Session::Clock::now();
    auto& daemon = (*session)->daemon();
    if (auto const done = (daemon.*ask)((*session)->change(), (*session)->waiting({})); !done) {
        (*session)->refused({}, asked, done.error());
        return (*session)->finish();
    }
    if (options.json)
        context.print(
            {{"schema", report::schema_version}, {std::string(changed.key), changed.value}}
        );
    else
        context.out << changed.words << '\n';
    return exit_status::done;
}

} // namespace livepatch::lpctl
