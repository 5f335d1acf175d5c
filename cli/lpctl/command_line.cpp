#include "lpctl/command_line.hpp"

#include "cli/command_line.hpp"
#include "lpctl/duration.hpp"
#include "lpctl/moment.hpp"
#include "lpctl/verbs.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace livepatch::lpctl {

namespace {

class CommandLine : public cli::CommandLine<Context, Outcome<int>> {
public:
    // `first` is the first argument: of the verbs only the one that it names is made. All of them
    // are needed for the help and for what is mistyped, but to make them takes as long as all the
    // rest of starting up.
    CommandLine(Context& context, std::string_view first);

private:
    struct Verb;
    static std::span<Verb const> verbs();

    void add_status();
    void add_list();
    void add_show();
    void add_blockers();
    void add_check();
    void add_history();
    void add_monitor();
    void add_version();
    void add_apply();
    void add_revert();
    void add_refresh();
    void add_hold();
    void add_unhold();
    void add_pause();
    void add_resume();
    void add_trust();
};

struct CommandLine::Verb {
    std::string_view name;
    void (CommandLine::*add)();
};

// In the order of the help.
std::span<CommandLine::Verb const> CommandLine::verbs() {
    static constexpr std::array all{
        Verb{"status", &CommandLine::add_status},
        Verb{"list", &CommandLine::add_list},
        Verb{"show", &CommandLine::add_show},
        Verb{"blockers", &CommandLine::add_blockers},
        Verb{"check", &CommandLine::add_check},
        Verb{"history", &CommandLine::add_history},
        Verb{"monitor", &CommandLine::add_monitor},
        Verb{"version", &CommandLine::add_version},
        Verb{"apply", &CommandLine::add_apply},
        Verb{"revert", &CommandLine::add_revert},
        Verb{"refresh", &CommandLine::add_refresh},
        Verb{"hold", &CommandLine::add_hold},
        Verb{"unhold", &CommandLine::add_unhold},
        Verb{"pause", &CommandLine::add_pause},
        Verb{"resume", &CommandLine::add_resume},
        Verb{"trust", &CommandLine::add_trust}};
    return all;
}

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

void reason_option(CLI::App& command, ChangeOptions& options, char const* help) {
    command.add_option("--reason", options.reason, help);
}

void required_patches(CLI::App& command, ChangeOptions& options) {
    command.add_option("PATCH", options.patches, "Module names or ids")->required();
}

// What apply and revert share.
void moving_options(CLI::App& command, ChangeOptions& options) {
    reason_option(command, options, "Why, for the history");
    password_option(command, options);
    command.add_option("PATCH", options.patches, "Module names or ids");
    command.add_flag("--all", options.all, "All that livepatchd would do it with");
    command.add_flag("--dry-run", options.dry_run, "Change nothing, say what would happen");
    wait_options(command, options);
}

constexpr auto lasting_reason = "Why; shown as long as it lasts";

void CommandLine::add_status() {
    auto const [command, options] =
        add("status", "Say whether and how this kernel is patched", status);
    check_option(*command, *options);
}

void CommandLine::add_list() {
    auto const [command, options] = add("list", "List all patches", list);
    command
        ->add_option(
            "--kernel",
            options->kernel,
            "What repositories have for that one of the installed kernels (default: the running "
            "one)"
        )
        ->type_name("RELEASE");
}

void CommandLine::add_show() {
    auto const [command, options] = add("show", "Say everything about one patch", show);
    command->add_option("PATCH", options->patch, "Module name or id")->required();
}

void CommandLine::add_blockers() {
    add("blockers", "List the tasks that the running transition waits for", blockers);
}

void CommandLine::add_check() {
    auto const [command, options] =
        add("check", "Say whether a patch would be loaded, and why not", check);
    command->add_option(
        "PATCH|FILE",
        options->patch,
        "Module name, id, or a module's file (default: the host alone)"
    );
}

void CommandLine::add_history() {
    auto const [command, options] = add("history", "Say what happened, the newest first", history);
    history_arguments(*command, *options);
}

void CommandLine::add_monitor() {
    add("monitor", "Say what happens as it happens, until it is interrupted", monitor);
}

void CommandLine::add_version() {
    add("version", "Print the versions of lpctl and livepatchd", version);
}

void CommandLine::add_apply() {
    auto const [command, options] = add("apply", "Put patches into the kernel", apply);
    moving_options(*command, *options);
    command->add_flag(
        "--replace-unmanaged",
        options->replace_unmanaged,
        "A cumulative patch may replace what another tool loaded"
    );
}

void CommandLine::add_revert() {
    auto const [command, options] =
        add("revert", "Take patches out of the kernel and keep them out", revert);
    moving_options(*command, *options);
}

void CommandLine::add_refresh() {
    auto const [command, options] = add("refresh", "Read the sources of patches again", refresh);
    reason_option(*command, *options, "Why, for the history");
    password_option(*command, *options);
}

void CommandLine::add_hold() {
    auto const [command, options] =
        add("hold", "Keep patches from being loaded, in all their versions", hold);
    required_patches(*command, *options);
    reason_option(*command, *options, lasting_reason);
    password_option(*command, *options);
}

void CommandLine::add_unhold() {
    auto const [command, options] = add("unhold", "Lift holds and pins", unhold);
    required_patches(*command, *options);
    password_option(*command, *options);
}

void CommandLine::add_pause() {
    auto const [command, options] = add("pause", "Load nothing any more", pause);
    reason_option(*command, *options, lasting_reason);
    password_option(*command, *options);
}

void CommandLine::add_resume() {
    auto const [command, options] = add("resume", "Load patches again", resume);
    password_option(*command, *options);
}

// Whose signed repositories are believed.
void CommandLine::add_trust() {
    auto* trust = add_group("trust", "Say whose repositories are believed");
    auto const [add_command, add_options] =
        add("add", "Believe a repository from its root.json on", trust_add, trust);
    add_command->add_option("NAME", add_options->name, "Its name on this host")->required();
    add_command->add_option("URL", add_options->url, "https://… or file:///…")->required();
    add_command->add_option("--root", add_options->root, "Its root.json, a file")->required();
    add_command->add_option(
        "--fingerprint",
        add_options->fingerprint,
        "SHA-256 of that file, as its publisher told it; without it, somebody is asked"
    );
    add_command->add_flag(
        "--allow-http", add_options->allow_http, "The URL may be http://, not https:// alone"
    );
    add("list", "List the repositories, and by which root they are believed", trust_list, trust);
    auto const [reset_command, reset_options] =
        add("reset",
            "Forget what was accepted of a repository, and believe its root anew",
            trust_reset,
            trust);
    reset_command->add_option("NAME", reset_options->patches, "Its name")->required()->expected(1);
    password_option(*reset_command, *reset_options);
}

CommandLine::CommandLine(Context& context, std::string_view first)
    : cli::CommandLine<Context, Outcome<int>>(
          context, "lpctl", "Manages the livepatches of the running kernel."
      ) {
    auto const all = verbs();
    auto const named = std::ranges::find(all, first, &Verb::name);
    for (auto const& verb : named == all.end() ? all : std::span(named, 1))
        (this->*verb.add)();
}

} // namespace

int run(int argc, char const* const* argv, Context& context) {
    return CommandLine(context, argc > 1 ? argv[1] : "").run(argc, argv);
}

} // namespace livepatch::lpctl
