#include "configuration_reader.hpp"

#include "base/url.hpp"
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

constexpr std::string_view file_scheme = "file://";

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
    std::string url;
    repository::Web web;
    std::string root;
    std::string module_signature = "require";
    bool allow_insecure = false;
    bool enabled = true;
};

bool is_remote_url(std::string_view url) {
    return url.starts_with("https://") || url.starts_with("http://");
}

bool is_mirror(std::string_view url) {
    return is_remote_url(url) && base::names_host(url);
}

// libcurl takes one without a scheme for http://.
bool is_proxy(std::string const& proxy) {
    bool const has_scheme = proxy.find("://") != std::string::npos;
    return proxy.empty() || base::names_host(has_scheme ? proxy : "http://" + proxy);
}

// Keys of all kinds of trust are known, whichever this source uses.
void read_source(TableReader& table, SourceFile& file) {
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
    table.flag("allow_http", file.web.allow_http);
    table.text("url", file.url);
    table.text("root", file.root);
    table.text("ring", file.source.ring);
    table.word("module_signature", file.module_signature, {"require", "ignore"});
    table.text("proxy", file.web.proxy);
    table.text("ca_file", file.web.ca_file);
    table.texts("mirrors", file.web.urls, is_mirror);
}

bool is_source_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
}

// The tree of a repository: where its URL leads, or where livepatch-fetch mirrors it.
std::filesystem::path tree_of(SourceFile const& file, std::filesystem::path const& mirrors) {
    if (file.url.starts_with(file_scheme))
        return file.url.substr(file_scheme.size());
    return mirrors / file.source.name;
}

// What a repository's source lacks: cause and remedy; nothing = it has all.
std::optional<std::pair<std::string, std::string>> lack_of_repository(SourceFile const& file) {
    if (file.url.empty())
        return std::pair(
            "no url", "add url = \"https://patches.example.com/lp\", or url = \"file:///srv/lp\""
        );
    if (!is_remote_url(file.url) && !file.url.starts_with(std::string(file_scheme) + '/'))
        return std::pair(
            "url is of no kind that is known", "use https://, or file:// and an absolute path"
        );
    constexpr auto encoded =
        "write HOST or HOST:PORT; in a password '/', '?', '#' and '@' are %2F, %3F, %23 and %40";
    if (is_remote_url(file.url) && !base::names_host(file.url))
        return std::pair("url names no server", encoded);
    if (!is_proxy(file.web.proxy))
        return std::pair("proxy names no server", encoded);
    if (!file.web.ca_file.empty() && !file.web.ca_file.starts_with('/'))
        return std::pair("ca_file is not absolute", "give an absolute path");
    if (!file.root.starts_with('/'))
        return std::pair(
            file.root.empty() ? "no root" : "root is not absolute",
            "add root = \"/etc/livepatchd/trust/NAME.root.json\"; lpctl trust add writes both"
        );
    return std::nullopt;
}

std::optional<std::pair<std::string, std::string>> lack_of_directory(SourceFile const& file) {
    if (file.trust == "unsigned" && !file.allow_insecure)
        return std::pair(
            "trust = \"unsigned\" takes modules that nobody signed",
            "use trust = \"module-signature\", or add allow_insecure = true if that is meant"
        );
    if (file.path.empty())
        return std::pair("no path", "add path = \"/var/lib/kpatch/%r\"");
    if (!file.path.starts_with('/'))
        return std::pair("path is not absolute", "give an absolute path");
    return std::nullopt;
}

std::optional<base::Error> unusable(SourceFile const& file, std::filesystem::path const& path) {
    auto lack = file.trust == "tuf" ? lack_of_repository(file) : lack_of_directory(file);
    if (!is_source_name(file.source.name))
        lack = std::pair(
            "a source cannot have this name",
            "rename the file: letters, digits, '.', '_' and '-' before .toml"
        );
    if (!lack)
        return std::nullopt;
    return base::Error{
        .code = base::Errc::invalid_argument,
        .subject = path.string(),
        .cause = std::move(lack->first),
        .remedy = std::move(lack->second)};
}

// The tree of a repository is the same for all kernels; it is no pattern.
repository::Source source_of(
    SourceFile const& file, std::string const& release, std::filesystem::path const& mirrors
) {
    auto source = file.source;
    if (file.trust == "tuf") {
        source.trust = repository::Trust::tuf;
        source.path = tree_of(file, mirrors);
        source.root = file.root;
        source.wants_module_signature = file.module_signature == "require";
        if (is_remote_url(file.url)) {
            source.web = file.web;
            source.web->urls.insert(source.web->urls.begin(), file.url);
        }
        return source;
    }
    if (file.trust == "unsigned")
        source.trust = repository::Trust::none;
    source.path = repository::expand_release(file.path, release);
    return source;
}

} // namespace

std::vector<base::Error> read_main_file(
    std::string_view text, std::filesystem::path const& file, Configuration& configuration
) {
    return read_toml(text, file, [&](TableReader& root) { read_main(root, configuration); });
}

SourceReading read_source_file(
    std::string_view text,
    std::filesystem::path const& file,
    std::string const& release,
    std::filesystem::path const& mirrors
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
    reading.source = source_of(read, release, mirrors);
    return reading;
}

} // namespace livepatch::daemon
