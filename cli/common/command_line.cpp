#include "cli/command_line.hpp"

#include "cli/nearest.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace livepatch::cli {

// CLI11 says of an unknown verb only that one is required.
Failure wrong_words(
    CLI::App const& program, CLI::ParseError const& error, int argc, char const* const* argv
) {
    auto const help = "see '" + program.get_name() + " --help'";
    std::string const first = argc > 1 ? argv[1] : "";
    std::vector<std::string> verbs;
    for (auto const* command : program.get_subcommands({}))
        verbs.push_back(command->get_name());
    bool const known = std::ranges::find(verbs, first) != verbs.end();
    if (known)
        return usage_error(
            first + ": " + error.what(), "see '" + program.get_name() + ' ' + first + " --help'"
        );
    if (first.empty() || first.front() == '-')
        return usage_error(error.what(), help);
    auto const meant = nearest(first, verbs);
    return usage_error(
        first + ": no such verb", meant.empty() ? help : "did you mean '" + meant + "'?"
    );
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

} // namespace livepatch::cli
