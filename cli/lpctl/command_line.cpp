#include "lpctl/command_line.hpp"

#include "lpctl/duration.hpp"
#include "lpctl/moment.hpp"
#include "lpctl/nearest.hpp"
#include "lpctl/verbs.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace livepatch::lpctl {

namespace {

class CommandLine {
public:
    CommandLine(Context& context, int argc, char const* const* argv);

    Outcome<int> run();

private:
    struct Verb;
    static std::span<Verb const> verbs();

    // A subcommand whose options are filled by CLI11 before `verb` is called with them.
    template <class Options>
    std::pair<CLI::App*, Options*>
    add(char const* name, char const* help, Outcome<int> (*verb)(Context&, Options const&));

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

    void add_verbs();
    std::string first_argument() const;
    Failure wrong(CLI::ParseError const& error) const;

    Context& context_;
    int argc_;
    char const* const* argv_;
    CLI::App app_{"Manages the livepatches of the running kernel.", "lpctl"};
    bool json_ = false; // before the verb
    std::function<Outcome<int>()> chosen_;
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
        Verb{"resume", &CommandLine::add_resume}};
    return all;
}

template <class Options>
std::pair<CLI::App*, Options*> CommandLine::add(
    char const* name, char const* help, Outcome<int> (*verb)(Context&, Options const&)
) {
    auto options = std::make_shared<Options>();
    auto* command = app_.add_subcommand(name, help);
    command->add_flag("--json", options->json, "Print one JSON object");
    auto* filled = options.get();
    command->callback([this, verb, options = std::move(options)] {
        chosen_ = [this, verb, options] {
            options->json |= json_;
            return verb(context_, *options);
        };
    });
    return {command, filled};
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
    add("list", "List all patches", list);
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

CommandLine::CommandLine(Context& context, int argc, char const* const* argv)
    : context_(context),
      argc_(argc),
      argv_(argv) {
    app_.set_version_flag("--version", "lpctl " LIVEPATCHD_VERSION);
    app_.add_flag("--json", json_, "Print one JSON object");
    app_.require_subcommand(1);
    add_verbs();
}

// All of them are needed for the help and for what is mistyped; to make them takes as long as all
// the rest of starting up.
void CommandLine::add_verbs() {
    auto const all = verbs();
    auto const named = std::ranges::find(all, first_argument(), &Verb::name);
    for (auto const& verb : named == all.end() ? all : std::span(named, 1))
        (this->*verb.add)();
}

std::string CommandLine::first_argument() const {
    return argc_ > 1 ? argv_[1] : "";
}

// CLI11 says of an unknown verb only that one is required.
Failure CommandLine::wrong(CLI::ParseError const& error) const {
    auto const first = first_argument();
    std::vector<std::string> names;
    for (auto const& verb : verbs())
        names.emplace_back(verb.name);
    if (std::ranges::find(names, first) != names.end())
        return usage_error(first + ": " + error.what(), "see 'lpctl " + first + " --help'");
    if (first.empty() || first.front() == '-')
        return usage_error(error.what(), "see 'lpctl --help'");
    auto const meant = nearest(first, names);
    return usage_error(
        first + ": no such verb",
        meant.empty() ? "see 'lpctl --help'" : "did you mean '" + meant + "'?"
    );
}

Outcome<int> CommandLine::run() {
    try {
        app_.parse(argc_, argv_);
    } catch (CLI::ParseError const& error) {
        if (error.get_exit_code() != 0)
            return wrong(error);
        app_.exit(error, context_.out, context_.err); // --help and --version
        return exit_status::done;
    }
    return chosen_();
}

bool wants_json(int argc, char const* const* argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--")
            return false;
        if (std::string_view(argv[i]) == "--json")
            return true;
    }
    return false;
}

} // namespace

int run(int argc, char const* const* argv, Context& context) {
    auto status = CommandLine(context, argc, argv).run();
    if (!status && wants_json(argc, argv))
        context.print(failure_json(status.error()));
    else if (!status)
        context.err << failure_text(status.error());
    context.err.flush();
    if (!context.out.flush()) {
        context.err << "lpctl: cannot write to standard output\n" << std::flush;
        return exit_status::failed;
    }
    return status ? *status : status.error().exit;
}

} // namespace livepatch::lpctl
