#include "fetch/command_line.hpp"

#include "fetch/mirrors.hpp"
#include "report/error_name.hpp"
#include "repository/installed_kernels.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

namespace livepatch::fetch {

namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_words = 2;
constexpr int no_such_source = 3;
constexpr int refused = 6;

class Run {
public:
    Run(Context& context, std::vector<std::string> wanted)
        : context_(context),
          voice_(context.out, context.err, context.style),
          wanted_(std::move(wanted)) {}

    int operator()() {
        if (context_.leave_root)
            if (auto left = context_.leave_root(); !left) {
                voice_.fail(base::describe(left.error()));
                return failed;
            }
        configure();
        for (auto const& name : wanted_)
            if (!is_there(name))
                miss(name);
        for (auto const& source : sources_)
            if (source.web && is_wanted(source.name))
                fetch(source);
        if (wanted_.empty())
            tidy_up();
        return status_;
    }

private:
    void configure() {
        auto loaded = daemon::load_configuration(context_.configuration, context_.release);
        for (auto const& problem : loaded.problems)
            fail(problem);
        auto& fetcher = context_.fetcher;
        auto const& said = loaded.configuration.fetch;
        fetcher.mirrors = context_.configuration.mirrors;
        fetcher.max_size = static_cast<std::uint64_t>(said.max_size);
        fetcher.kernels = said.kernels == "running"
                              ? std::vector{context_.release}
                              : repository::installed_kernels(context_.modules, context_.release);
        sources_ = std::move(loaded.configuration.sources);
        std::ranges::stable_sort(sources_, std::greater(), &repository::Source::priority);
    }

    bool is_there(std::string const& name) const {
        return std::ranges::any_of(sources_, [&](auto const& source) {
            return source.name == name && source.web;
        });
    }

    bool is_wanted(std::string const& name) const {
        return wanted_.empty() || std::ranges::find(wanted_, name) != wanted_.end();
    }

    void miss(std::string const& name) {
        voice_.fail(base::describe(
            {.code = base::Errc::not_found,
             .subject = name,
             .cause = "no repository of this name on a web server is configured",
             .remedy = "see " + (context_.configuration.etc / "repos.d").string() +
                       ", or lpctl trust list"}
        ));
        end_with(no_such_source);
    }

    void fail(base::Error const& error, std::string const& whose = {}) {
        voice_.fail(whose + base::describe(error));
        end_with(status_of(error));
    }

    void end_with(int status) {
        if (status_ == done)
            status_ = status;
    }

    void fetch(repository::Source const& source) {
        auto const fetched = SourceFetch(source, context_.fetcher, voice_).run();
        if (!fetched)
            fail(fetched.error(), source.name + ": ");
    }

    // A configuration that is wrong is no command line that is.
    static int status_of(base::Error const& error) {
        auto const status = report::exit_status(error.code);
        return status == refused ? refused : failed;
    }

    void tidy_up() {
        auto const removed =
            remove_orphans(context_.configuration.mirrors, context_.configuration.etc / "repos.d");
        if (!removed)
            fail(removed.error());
        else
            for (auto const& name : *removed)
                voice_.say(name + ": removed its mirror: it is no source any more");
    }

    Context& context_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Voice voice_;
    std::vector<std::string> wanted_;
    std::vector<repository::Source> sources_;
    int status_ = done;
};

} // namespace

int run(int argc, char const* const* argv, Context& context) {
    CLI::App app("Fetches what repositories on web servers have for this host", "livepatch-fetch");
    app.set_version_flag("--version", LIVEPATCHD_VERSION);
    std::vector<std::string> wanted;
    app.add_option("--source", wanted, "Only this source, as its file in repos.d is called");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error, context.out, context.err) == 0 ? done : wrong_words;
    }
    return Run(context, std::move(wanted))();
}

} // namespace livepatch::fetch
