#include "lpctl/command_line.hpp"

#include "lpctl/duration.hpp"
#include "lpctl/moment.hpp"
#include "lpctl/nearest.hpp"
#include "lpctl/verbs.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace livepatch::lpctl {

namespace {

class CommandLine {
public:
    explicit CommandLine(Context& context);

    Outcome<int> run(int argc, char const* const* argv);

private:
    // A subcommand whose options are filled by CLI11 before `verb` is called with them.
    template <class Options>
    std::pair<CLI::App*, Options*>
    add(char const* name,
        char const* help,
        Outcome<int> (*verb)(Context&, Options const&),
        CLI::App* below = nullptr);

    void add_reading();
    void add_changing();
    void add_configuring();
    void add_trust();
    std::pair<CLI::App*, ChangeOptions*> add_change(
        char const* name, char const* help, Outcome<int> (*verb)(Context&, ChangeOptions const&)
    );

    Failure wrong(CLI::ParseError const& error, int argc, char const* const* argv) const;

    Context& context_;
    CLI::App app_{"Manages the livepatches of the running kernel.", "lpctl"};
    bool json_ = false; // before the verb
    std::function<Outcome<int>()> chosen_;
};

template <class Options>
std::pair<CLI::App*, Options*> CommandLine::add(
    char const* name,
    char const* help,
    Outcome<int> (*verb)(Context&, Options const&),
    CLI::App* below
) {
    auto options = std::make_shared<Options>();
    auto* command = (below == nullptr ? &app_ : below)->add_subcommand(name, help);
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
    add_trust();
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

// Whose signed repositories are believed.
void CommandLine::add_trust() {
    auto* trust = app_.add_subcommand("trust", "Say whose repositories are believed");
    trust->require_subcommand(1);
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
    add("list", "List the repositories, and by which root they are believed", trust_list, trust);
    auto const [reset_command, reset_options] =
        add("reset",
            "Forget what was accepted of a repository, and believe its root anew",
            trust_reset,
            trust);
    reset_command->add_option("NAME", reset_options->patches, "Its name")->required()->expected(1);
    password_option(*reset_command, *reset_options);
}

CommandLine::CommandLine(Context& context) : context_(context) {
    app_.set_version_flag("--version", "lpctl " LIVEPATCHD_VERSION);
    app_.add_flag("--json", json_, "Print one JSON object");
    app_.require_subcommand(1);
    add_reading();
    add_changing();
}

// CLI11 says of an unknown verb only that one is required.
Failure CommandLine::wrong(CLI::ParseError const& error, int argc, char const* const* argv) const {
    std::string const first = argc > 1 ? argv[1] : "";
    std::vector<std::string> verbs;
    for (auto const* command : app_.get_subcommands({}))
        verbs.push_back(command->get_name());
    bool const known = std::ranges::find(verbs, first) != verbs.end();
    if (known)
        return usage_error(first + ": " + error.what(), "see 'lpctl " + first + " --help'");
    if (first.empty() || first.front() == '-')
        return usage_error(error.what(), "see 'lpctl --help'");
    auto const meant = nearest(first, verbs);
    return usage_error(
        first + ": no such verb",
        meant.empty() ? "see 'lpctl --help'" : "did you mean '" + meant + "'?"
    );
}

Outcome<int> CommandLine::run(int argc, char const* const* argv) {
    try {
        app_.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        if (error.get_exit_code() != 0)
            return wrong(error, argc, argv);
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
    auto status = CommandLine(context).run(argc, argv);
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
