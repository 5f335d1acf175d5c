// The words of a command line: a program, its verbs, their options.
#pragma once

#include "cli/failure.hpp"
#include "cli/json_output.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace livepatch::cli {

// What is wrong with it; for an unknown verb with the one that may have been meant.
Failure wrong_words(
    CLI::App const& program, CLI::ParseError const& error, int argc, char const* const* argv
);

bool wants_json(int argc, char const* const* argv);

// A verb is a function of a `Context`, which has the streams `out` and `err`, and of its options,
// which have a flag `json`. It returns a `Status`: the exit status, or why it failed.
template <class Context, class Status>
class CommandLine {
public:
    CommandLine(Context& context, std::string const& program, std::string const& purpose)
        : context_(context),
          app_(purpose, program) {
        app_.set_version_flag("--version", program + " " LIVEPATCHD_VERSION);
        app_.add_flag("--json", json_, "Print one JSON object");
        app_.require_subcommand(1);
    }

    // A verb that is followed by one of its own.
    CLI::App* add_group(char const* name, char const* help) {
        auto* group = app_.add_subcommand(name, help);
        group->require_subcommand(1);
        return group;
    }

    // The options are filled by CLI11 before `verb` is called with them.
    template <class Options>
    std::pair<CLI::App*, Options*>
    add(char const* name,
        char const* help,
        Status (*verb)(Context&, Options const&),
        CLI::App* group = nullptr) {
        auto options = std::make_shared<Options>();
        auto* command = (group == nullptr ? &app_ : group)->add_subcommand(name, help);
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

    // Does what `argv` says and returns the exit status. Failures have been printed then.
    int run(int argc, char const* const* argv) {
        auto status = parse_and_do(argc, argv);
        if (!status && wants_json(argc, argv))
            print(context_.out, failure_json(status.error()));
        else if (!status)
            context_.err << failure_text(app_.get_name(), status.error());
        context_.err.flush();
        if (!context_.out.flush()) {
            context_.err << app_.get_name() << ": cannot write to standard output\n" << std::flush;
            return exit_status::failed;
        }
        return status ? *status : status.error().exit;
    }

private:
    Status parse_and_do(int argc, char const* const* argv) {
        try {
            app_.parse(argc, argv);
        } catch (CLI::ParseError const& error) {
            if (error.get_exit_code() != 0)
                return wrong_words(app_, error, argc, argv);
            app_.exit(error, context_.out, context_.err); // --help and --version
            return exit_status::done;
        }
        return chosen_();
    }

    Context& context_;
    CLI::App app_;
    bool json_ = false; // before the verb
    std::function<Status()> chosen_;
};

} // namespace livepatch::cli
