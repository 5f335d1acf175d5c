#include "configuration_reader.hpp"

#include "engine/time_window.hpp"
#include "table_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

namespace livepatch::daemon {

namespace {

bool is_window(std::string_view text) {
    return engine::TimeWindow::parse(text).has_value();
}

void read_main(TableReader& root, Configuration& configuration) {
    root.section("apply", [&](TableReader& table) {
        std::string mode(name(configuration.apply.mode));
        table.word("mode", mode, {"automatic", "manual"});
        configuration.apply.mode =
            report::from_name<report::Mode>(mode).value_or(report::Mode::manual);
        table.word(
            "minimum_severity",
            configuration.apply.minimum_severity,
            {"low", "moderate", "medium", "important", "high", "critical"}
        );
        table.duration("delay", configuration.apply.delay);
        table.texts("window", configuration.apply.window, is_window);
    });
    root.section("transition", [&](TableReader& table) {
        table.duration("stall_after", configuration.transition.stall_after);
        table.duration("reverse_after", configuration.transition.reverse_after);
        table.number("retries", configuration.transition.retries, 0, 1000);
        table.duration("backoff", configuration.transition.backoff);
    });
    root.section("probation", [&](TableReader& table) {
        table.duration("time", configuration.probation.time);
        table.texts("revert_on", configuration.probation.revert_on, [](std::string const& word) {
            return word == "oops" || word == "bug" || word == "lockup" || word == "warn";
        });
        table.text("command", configuration.probation.command);
    });
    root.section("boot", [&](TableReader& table) {
        table.flag("reapply", configuration.boot.reapply);
        table.duration("per_patch", configuration.boot.per_patch);
        table.duration("budget", configuration.boot.budget);
    });
    root.section("fetch", [&](TableReader& table) {
        table.word("kernels", configuration.fetch.kernels, {"installed", "running"});
        table.size("max_size", configuration.fetch.max_size);
    });
    root.section("security", [&](TableReader& table) {
        table.flag("allow_force", configuration.security.allow_force);
        table.flag("allow_remote_revert", configuration.security.allow_remote_revert);
        table.flag("without_crash_guard", configuration.security.without_crash_guard);
    });
    root.section("history", [&](TableReader& table) {
        table.duration("keep", configuration.history.keep);
        table.size("max_size", configuration.history.max_size);
    });
}

struct SourceFile {
    repository::Source source;
    std::string trust = "tuf";
    std::string path;
    bool allow_insecure = false;
    bool enabled = true;
};

// Keys of all kinds of trust are known, whichever this source uses.
void read_source(TableReader& table, SourceFile& file) {
    std::string ignored_text;
    std::vector<std::string> ignored_texts;
    bool ignored_flag = false;
    std::int64_t priority = file.source.priority;
    table.word("trust", file.trust, {"tuf", "module-signature", "unsigned"});
    table.text("path", file.path);
    auto const is_file_name = [](std::string const& key) {
        return !key.empty() && key.find('/') == std::string::npos;
    };
    // Without the line all keys count: an empty one must not be taken for that.
    table.texts("keys", file.source.keys, is_file_name, 1);
    table.flag_or_word("cumulative", "auto", [&](std::optional<bool> value) {
        file.source.cumulative = !value   ? repository::Cumulative::automatic
                                 : *value ? repository::Cumulative::yes
                                          : repository::Cumulative::no;
    });
    table.number("priority", priority, -1000, 1000);
    file.source.priority = static_cast<int>(priority);
    table.flag("remote", file.source.remote);
    table.flag("enabled", file.enabled);
    table.flag("allow_insecure", file.allow_insecure);
    table.flag("allow_http", ignored_flag);
    for (auto const* key : {"url", "root", "ring", "proxy", "ca_file"})
        table.text(key, ignored_text);
    table.word("module_signature", ignored_text, {"require", "ignore"});
    table.texts("mirrors", ignored_texts, [](std::string const&) { return true; });
}

bool is_source_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
}

std::optional<base::Error> unusable(SourceFile const& file, std::filesystem::path const& path) {
    auto const problem = [&](std::string cause, std::string remedy) {
        return base::Error{
            .code = base::Errc::invalid_argument,
            .subject = path.string(),
            .cause = std::move(cause),
            .remedy = std::move(remedy)};
    };
    if (!is_source_name(file.source.name))
        return problem(
            "a source cannot have this name",
            "rename the file: letters, digits, '.', '_' and '-' before .toml"
        );
    if (file.trust == "tuf")
        return problem(
            "trust = \"tuf\" is not supported by this version", "use trust = \"module-signature\""
        );
    if (file.trust == "unsigned" && !file.allow_insecure)
        return problem(
            "trust = \"unsigned\" takes modules that nobody signed",
            "use trust = \"module-signature\", or add allow_insecure = true if that is meant"
        );
    if (file.path.empty())
        return problem("no path", "add path = \"/var/lib/kpatch/%r\"");
    if (!file.path.starts_with('/'))
        return problem("path is not absolute", "give an absolute path");
    return std::nullopt;
}

} // namespace

std::vector<base::Error> read_main_file(
    std::string_view text, std::filesystem::path const& file, Configuration& configuration
) {
    return read_toml(text, file, [&](TableReader& root) { read_main(root, configuration); });
}

SourceReading read_source_file(
    std::string_view text, std::filesystem::path const& file, std::string const& release
) {
    SourceFile read;
    SourceReading reading;
    reading.problems = read_toml(text, file, [&](TableReader& root) { read_source(root, read); });
    if (!reading.problems.empty() || !read.enabled)
        return reading;
    read.source.name = file.stem().string();
    if (auto problem = unusable(read, file)) {
        reading.problems.push_back(std::move(*problem));
        return reading;
    }
    if (read.trust == "unsigned")
        read.source.trust = repository::Trust::none;
    read.source.path = repository::expand_release(read.path, release);
    reading.source = std::move(read.source);
    return reading;
}

} // namespace livepatch::daemon
