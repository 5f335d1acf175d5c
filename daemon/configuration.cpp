#include "configuration.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "table_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>

namespace livepatch::daemon {

namespace {

constexpr std::size_t max_file = std::size_t{1024} * 1024;

bool is_day(std::string_view text) {
    constexpr std::array<std::string_view, 7> days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    return std::find(days.begin(), days.end(), text) != days.end();
}

bool is_time(std::string_view text) {
    if (text.size() != 5 || text[2] != ':')
        return false;
    auto const number = [](std::string_view digits) {
        int value = -1;
        auto const* end = digits.data() + digits.size();
        return std::from_chars(digits.data(), end, value).ptr == end ? value : -1;
    };
    int const hour = number(text.substr(0, 2));
    int const minute = number(text.substr(3));
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

// "Mon..Fri 22:00-04:00", "Sat 10:00-12:00" or "01:00-05:00".
bool is_window(std::string_view text) {
    if (auto const space = text.find(' '); space != std::string_view::npos) {
        auto const days = text.substr(0, space);
        auto const dots = days.find("..");
        bool const one = is_day(days);
        bool const range = dots != std::string_view::npos && is_day(days.substr(0, dots)) &&
                           is_day(days.substr(dots + 2));
        if (!one && !range)
            return false;
        text.remove_prefix(space + 1);
    }
    auto const dash = text.find('-');
    return dash != std::string_view::npos && is_time(text.substr(0, dash)) &&
           is_time(text.substr(dash + 1));
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
    table.texts("keys", file.source.keys, [](std::string const& key) {
        return !key.empty() && key.find('/') == std::string::npos;
    });
    table.flag_or_word("cumulative", "auto", [&](std::optional<bool> value) {
        file.source.cumulative = !value   ? repository::Cumulative::automatic
                                 : *value ? repository::Cumulative::yes
                                          : repository::Cumulative::no;
    });
    table.number("priority", priority, -1000, 1000);
    file.source.priority = static_cast<int>(priority);
    table.flag("remote", file.source.remote);
    table.flag("enabled", file.enabled);
    table.flag("allow_insecure", ignored_flag);
    table.flag("allow_http", ignored_flag);
    for (auto const* key : {"url", "root", "ring", "proxy", "ca_file"})
        table.text(key, ignored_text);
    table.word("module_signature", ignored_text, {"require", "ignore"});
    table.texts("mirrors", ignored_texts, [](std::string const&) { return true; });
}

std::optional<base::Error> unusable(SourceFile const& file, std::filesystem::path const& path) {
    auto const problem = [&](std::string cause, std::string remedy) {
        return base::Error{
            .code = base::Errc::invalid_argument,
            .subject = path.string(),
            .cause = std::move(cause),
            .remedy = std::move(remedy)};
    };
    if (file.trust != "module-signature")
        return problem(
            "trust = \"" + file.trust + "\" is not supported by this version",
            "use trust = \"module-signature\""
        );
    if (file.path.empty())
        return problem("no path", "add path = \"/var/lib/kpatch/%r\"");
    if (!file.path.starts_with('/'))
        return problem("path is not absolute", "give an absolute path");
    return std::nullopt;
}

// The .toml files of a directory by name; those of the first directory hide the same names in the
// second.
std::map<std::string, std::filesystem::path>
toml_files(std::filesystem::path const& first, std::filesystem::path const& second) {
    std::map<std::string, std::filesystem::path> files;
    for (auto const& directory : {first, second}) {
        auto const names = directory.empty()
                               ? base::Result<std::vector<std::string>>(std::vector<std::string>())
                               : base::list_directory(directory, 1000);
        if (!names)
            continue;
        for (auto const& name : *names)
            if (name.ends_with(".toml") && !name.starts_with('.'))
                files.emplace(name, directory / name);
    }
    return files;
}

class Loading {
public:
    Loading(ConfigurationPaths const& paths, std::string const& release)
        : paths_(paths),
          release_(release) {}

    LoadedConfiguration run() {
        load_main();
        load_sources();
        return std::move(loaded_);
    }

private:
    void load_main() {
        Configuration configuration;
        merge(paths_.etc / "livepatchd.toml", configuration);
        for (auto const& [name, path] : toml_files(paths_.etc / "conf.d", paths_.vendor / "conf.d"))
            merge(path, configuration);
        // Half of a configuration may be the wrong half: nothing is applied by itself then.
        if (!loaded_.problems.empty()) {
            configuration = Configuration();
            configuration.apply.mode = report::Mode::manual;
        }
        loaded_.configuration = std::move(configuration);
    }

    void merge(std::filesystem::path const& path, Configuration& configuration) {
        read(path, [&](TableReader& root) { read_main(root, configuration); });
    }

    void load_sources() {
        for (auto const& [name, path] : toml_files(paths_.etc / "repos.d", {})) {
            SourceFile file;
            if (!read(path, [&](TableReader& root) { read_source(root, file); }) || !file.enabled)
                continue;
            if (auto problem = unusable(file, path)) {
                loaded_.problems.push_back(std::move(*problem));
                continue;
            }
            file.source.name = name.substr(0, name.size() - std::string_view(".toml").size());
            file.source.path = repository::expand_release(file.path, release_);
            loaded_.configuration.sources.push_back(std::move(file.source));
        }
    }

    // Whether the file was read without a problem; one that does not exist is empty.
    template <class Take>
    bool read(std::filesystem::path const& path, Take take) {
        auto const text = base::read_file(path, max_file);
        if (!text && text.error().os_error == ENOENT)
            return true;
        auto problems = text ? read_toml(*text, path, take) : std::vector{text.error()};
        bool const good = problems.empty();
        std::move(problems.begin(), problems.end(), std::back_inserter(loaded_.problems));
        return good;
    }

    ConfigurationPaths const& paths_;
    std::string const& release_;
    LoadedConfiguration loaded_;
};

} // namespace

LoadedConfiguration
load_configuration(ConfigurationPaths const& paths, std::string const& release) {
    return Loading(paths, release).run();
}

} // namespace livepatch::daemon
