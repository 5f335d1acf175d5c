// lpctl check [PATCH|FILE]: what a load would end with, without making one.
// --json: {"schema":1,"patch","sha256","loads":bool,"error":null|{"name","message","details":{}},
//   "checks":[{"name","outcome":"passed|failed|warning|unknown|not-applicable","reason","remedy",
//   "error"}]}, in the order in which they decide.

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "dbus_client/daemon.hpp"
#include "lpctl/terminal.hpp"
#include "lpctl/verbs.hpp"
#include "report/error_name.hpp"
#include "report/report_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <utility>

namespace livepatch::lpctl {

namespace {

namespace fs = std::filesystem;

using Answer = dbus_client::Reply<dbus_client::Dictionary>;
using Row = dbus_client::Rows::value_type;

// A name of a module or an id has no slash and does not end like this.
bool is_file(std::string const& argument) {
    constexpr std::array<std::string_view, 4> endings{".ko", ".ko.xz", ".ko.zst", ".ko.gz"};
    return argument.find('/') != std::string::npos ||
           std::any_of(endings.begin(), endings.end(), [&](auto ending) {
               return argument.ends_with(ending);
           });
}

std::string text_of(Row const& row, std::string_view key) {
    auto const found = row.find(key);
    return found == row.end() ? std::string() : found->second;
}

Outcome<dbus_client::Dictionary>
ask(dbus_client::Daemon& daemon, std::string const& argument, dbus_client::Waiting const& waiting) {
    auto const taken = [](Answer answer) -> Outcome<dbus_client::Dictionary> {
        if (!answer)
            return Failure(answer.error());
        return *std::move(answer);
    };
    if (!is_file(argument))
        return taken(daemon.check(argument, waiting));
    // The descriptor goes over the bus, never the path: the daemon cannot be made to open what the
    // caller may not, and sees what is below /home or /tmp.
    base::UniqueFd const file(::open(argument.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) {
        auto error = base::system_error(argument, "cannot open", errno);
        if (error.os_error == ENOENT)
            error.code = base::Errc::not_found;
        return Failure(std::move(error));
    }
    return taken(daemon.check_file(file.get(), fs::path(argument).filename().string(), waiting));
}

Json json_of(dbus_client::Dictionary const& answer) {
    auto checks = Json::array();
    for (auto const& row : answer.get<dbus_client::Rows>("checks"))
        checks.push_back(
            {{"name", text_of(row, "name")},
             {"outcome", text_of(row, "outcome")},
             {"reason", text_of(row, "reason")},
             {"remedy", text_of(row, "remedy")},
             {"error", text_of(row, "error")}}
        );
    Json error = nullptr;
    if (!answer.get<bool>("loads"))
        error = {
            {"name", answer.get<std::string>("error")},
            {"message", answer.get<std::string>("message")},
            {"details", {{"remedy", answer.get<std::string>("remedy")}}}};
    return {
        {"schema", report::schema_version},
        {"patch", answer.get<std::string>("patch")},
        {"sha256", answer.get<std::string>("sha256")},
        {"loads", answer.get<bool>("loads")},
        {"error", std::move(error)},
        {"checks", std::move(checks)}};
}

struct Kind {
    std::string_view outcome;
    std::string_view mark;
    Tone tone;
};

// In the order in which they are told.
constexpr std::array kinds{
    Kind{"failed", "FAILED", Tone::bad},
    Kind{"warning", "warning", Tone::moving},
    Kind{"unknown", "unknown", Tone::faint},
    Kind{"passed", "ok", Tone::good},
    Kind{"not-applicable", "-", Tone::faint},
};

std::string line_of(Row const& row, Kind const& kind, Terminal const& terminal) {
    auto text =
        painted(terminal, kind.tone, fmt::format("{:<8}", kind.mark)) +
        fmt::format(
            " {:<18} {}", base::escaped(text_of(row, "name")), base::escaped(text_of(row, "reason"))
        );
    if (auto const remedy = text_of(row, "remedy"); !remedy.empty())
        text += "; " + base::escaped(remedy);
    return text + "\n";
}

std::string text_of(dbus_client::Dictionary const& answer, Terminal const& terminal) {
    auto const rows = answer.get<dbus_client::Rows>("checks");
    std::string text;
    for (auto const& kind : kinds)
        for (auto const& row : rows)
            if (text_of(row, "outcome") == kind.outcome)
                text += line_of(row, kind, terminal);
    auto const patch = answer.get<std::string>("patch");
    auto const what = patch.empty() ? std::string("a livepatch") : base::escaped(patch);
    return text + what +
           (answer.get<bool>("loads") ? " would be loaded.\n" : " would not be loaded.\n");
}

} // namespace

Outcome<int> check(Context& context, CheckOptions const& options) {
    auto daemon = dbus_client::Daemon::reach(context.bus_address, context.patience.changing);
    if (!daemon)
        return Failure(daemon.error());
    auto const answer = ask(*daemon, options.patch, {.limit = context.patience.prompt});
    if (!answer)
        return answer.error();
    if (options.json)
        context.print(json_of(*answer));
    else
        context.out << text_of(*answer, context.out_terminal);
    if (answer->get<bool>("loads"))
        return exit_status::done;
    return report::exit_status(report::errc_from_name(answer->get<std::string>("error")));
}

} // namespace livepatch::lpctl
