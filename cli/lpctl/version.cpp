// lpctl version: of this program and of the daemon that runs.
// --json: {"schema":1,"lpctl":"…","livepatchd":"…"|null}

#include "base/text.hpp"
#include "dbus_client/daemon.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

namespace livepatch::lpctl {

Outcome<int> version(Context& context, VersionOptions const& options) {
    std::string running;
    std::string_view instead = "not running";
    if (auto daemon = dbus_client::Daemon::reach(context.bus_address, context.patience.bus)) {
        instead = "running, but does not answer";
        if (auto const properties = daemon->properties(context.patience.reading))
            running = properties->get<std::string>("Version");
    }
    if (options.json) {
        context.print(
            {{"schema", report::schema_version},
             {"lpctl", LIVEPATCHD_VERSION},
             {"livepatchd", running.empty() ? Json(nullptr) : Json(running)}}
        );
        return exit_status::done;
    }
    context.out << "lpctl " << LIVEPATCHD_VERSION << "\n";
    context.out << "livepatchd "
                << (running.empty() ? std::string(instead) : base::escaped(running)) << "\n";
    return exit_status::done;
}

} // namespace livepatch::lpctl
