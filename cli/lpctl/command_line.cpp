#include "lpctl/command_line.hpp"

#include "cli/command_line.hpp"
#include "lpctl/duration.hpp"
#include "lpctl/moment.hpp"
#include "lpctl/verbs.hpp"

#include <utility>

namespace livepatch::lpctl {

namespace {

class CommandLine : public cli::CommandLine<Context, Outcome<int>> {
public:
    explicit CommandLine(Context& context);

private:
    void add_reading();
    void add_changing();
    void add_configuring();
    std::pair<CLI::App*, ChangeOptions*> add_change(
        char const* name, char const* help, Outcome<int> (*verb)(Context&, ChangeOptions const&)
    );
};

void check_option(CLI::App& command, StatusOptions& options) {
    command
        .add_option_function<std::string>(
            "--check",
            [&options](std::string const& what) {
                if (!what.empty() && what != "health")
                    throw CLI::ValidationError("--check", "takes nothing or 'health'");
                options.check = what.empty() ? Check::everything : Check::health;
            },
            "Exit with 9 (kernel cannot be livepatched), 1 (degraded), 11 (in transition), 10 (a "
            "patch is not applied) or 0; with 'health' only 9, 1 or 0"
        )
        ->expected(0, 1)
        ->type_name("[health]");
}

void history_arguments(CLI::App& command, HistoryOptions& options) {
    command.add_option("PATCH", options.patch, "Only of this one: module name or id");
    command
        .add_option_function<std::string>(
            "--since",
            [&options](std::string const& text) {
                auto const moment = parse_moment(text, std::chrono::system_clock::now());
                if (!moment)
                    throw CLI::ValidationError("--since", base::describe(moment.error()));
                options.since = *moment;
            },
            "Not what was before: 2h, 7d, today, yesterday, 2026-11-26, '2026-11-26 19:04'"
        )
        ->type_name("TIME");
    command
        .add_option("--limit", options.limit, "At most so many events, up to 1000 (default: 100)")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
}

void CommandLine::add_reading() {
    auto const [status_command, status_options] =
        add("status", "Say whether and how this kernel is patched", status);
    check_option(*status_command, *status_options);
    add("list", "List all patches", list);
    auto const [show_command, show_options] = add("show", "Say everything about one patch", show);
    show_command->add_option("PATCH", show_options->patch, "Module name or id")->required();
    add("blockers", "List the tasks that the running transition waits for", blockers);
    auto const [history_command, history_options] =
        add("history", "Say what happened, the newest first", history);
    history_arguments(*history_command, *history_options);
    add("monitor", "Say what happens as it happens, until it is interrupted", monitor);
    add("version", "Print the versions of lpctl and livepatchd", version);
}

void wait_options(CLI::App& command, ChangeOptions& options) {
    command.add_flag_callback(
        "--no-wait", [&options] { options.wait = false; }, "Return when the kernel has accepted it"
    );
    command
        .add_option_function<std::string>(
            "--timeout",
            [&options](std::string const& text) {
                auto const duration = parse_timeout(text);
                if (!duration)
                    throw CLI::ValidationError("--timeout", base::describe(duration.error()));
                options.timeout = duration->count() == 0 ? std::nullopt : std::optional(*duration);
            },
            "How long to wait, 0 = without end (default: 2min)"
        )
        ->type_name("DURATION");
}

void password_option(CLI::App& command, ChangeOptions& options) {
    command.add_flag_callback(
        "--no-ask-password", [&options] { options.may_ask = false; }, "Never ask for a password"
    );
}

std::pair<CLI::App*, ChangeOptions*> CommandLine::add_change(
    char const* name, char const* help, Outcome<int> (*verb)(Context&, ChangeOptions const&)
) {
    auto const added = add(name, help, verb);
    auto const [command, options] = added;
    command->add_option("--reason", options->reason, "Why, for the history");
    password_option(*command, *options);
    return added;
}

void CommandLine::add_changing() {
    for (auto const& [name, help, verb] :
         {std::tuple("apply", "Put patches into the kernel", &apply),
          std::tuple("revert", "Take patches out of the kernel and keep them out", &revert)}) {
        auto const [command, options] = add_change(name, help, verb);
        command->add_option("PATCH", options->patches, "Module names or ids");
        command->add_flag("--all", options->all, "All that livepatchd would do it with");
        command->add_flag("--dry-run", options->dry_run, "Change nothing, say what would happen");
        wait_options(*command, *options);
        if (verb == &apply)
            command->add_flag(
                "--replace-unmanaged",
                options->replace_unmanaged,
                "A cumulative patch may replace what another tool loaded"
            );
    }
    add_change("refresh", "Read the sources of patches again", refresh);
    add_configuring();
}

// What an admin wants from now on.
void CommandLine::add_configuring() {
    for (auto const& [name, help, verb] :
         {std::tuple("hold", "Keep patches from being loaded, in all their versions", &hold),
          std::tuple("unhold", "Lift holds and pins", &unhold),
          std::tuple("pause", "Load nothing any more", &pause),
          std::tuple("resume", "Load patches again", &resume)}) {
        bool const of_patches = verb == &hold || verb == &unhold;
        bool const has_reason = verb == &hold || verb == &pause;
        auto const [command, options] = add(name, help, verb);
        if (of_patches)
            command->add_option("PATCH", options->patches, "Module names or ids")->required();
        if (has_reason)
            command->add_option("--reason", options->reason, "Why; shown as long as it lasts");
        password_option(*command, *options);
    }
}

CommandLine::CommandLine(Context& context)
    : cli::CommandLine<Context, Outcome<int>>(
          context, "lpctl", "Manages the livepatches of the running kernel."
      ) {
    add_reading();
    add_changing();
}

} // namespace

int run(int argc, char const* const* argv, Context& context) {
    return CommandLine(context).run(argc, argv);
}

} // namespace livepatch::lpctl
