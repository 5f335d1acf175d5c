#include "configuration.hpp"
#include "configuration_reader.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <filesystem>

using namespace livepatch;
using daemon::Configuration;
using daemon::read_main_file;
using daemon::read_source_file;
using repository::Cumulative;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

constexpr auto release = "6.1.0-56-amd64";

// What is wrong with this livepatchd.toml, as people read it.
Strings problems(std::string_view text) {
    Configuration configuration;
    Strings words;
    for (auto const& problem : read_main_file(text, "/etc/livepatchd.toml", configuration))
        words.push_back(describe(problem));
    return words;
}

Strings source_problems(std::string_view text, fs::path const& file = "/etc/repos.d/x.toml") {
    Strings words;
    auto const reading = read_source_file(text, file, release);
    CHECK_FALSE(reading.source);
    for (auto const& problem : reading.problems)
        words.push_back(describe(problem));
    return words;
}

struct Bench {
    support::TemporaryDirectory directory;

    fs::path etc(std::string const& name, std::string_view text) const {
        return directory.write("etc/" + name, text);
    }

    daemon::LoadedConfiguration load() const {
        return daemon::load_configuration(
            {.etc = directory.path() / "etc", .vendor = directory.path() / "vendor"}, release
        );
    }
};

} // namespace

TEST_CASE("the defaults are those of the design") {
    auto const loaded = Bench().load();
    CHECK(loaded.problems.empty());
    auto const& it = loaded.configuration;
    CHECK(it.apply.mode == report::Mode::automatic);
    CHECK(it.apply.minimum_severity == "low");
    CHECK(it.apply.delay == 0s);
    CHECK(it.apply.window.empty());
    CHECK(it.transition.stall_after == 20s);
    CHECK(it.transition.reverse_after == 5min);
    CHECK(it.transition.retries == 3);
    CHECK(it.transition.backoff == 10min);
    CHECK(it.probation.time == 10min);
    CHECK(it.probation.revert_on == Strings{"oops", "bug", "lockup", "warn"});
    CHECK(it.probation.command.empty());
    CHECK(it.boot.reapply);
    CHECK(it.boot.per_patch == 10s);
    CHECK(it.boot.budget == 30s);
    CHECK(it.fetch.kernels == "installed");
    CHECK(it.fetch.max_size == 512 * 1024 * 1024);
    CHECK_FALSE(it.security.allow_force);
    CHECK_FALSE(it.security.allow_remote_revert);
    CHECK_FALSE(it.security.without_crash_guard);
    CHECK(it.history.keep == 400 * 24h);
    CHECK(it.history.max_size == 64 * 1024 * 1024);
    CHECK(it.sources.empty());
}

TEST_CASE("every key is read") {
    Configuration it;
    auto const wrong = read_main_file(
        R"([apply]
mode = "manual"
minimum_severity = "high"
delay = "7d"
window = ["Mon..Fri 22:00-04:00", "Sat 10:00-12:00", "01:00-05:00"]
[transition]
stall_after = "30s"
reverse_after = "0s"
retries = 0
backoff = "1h"
[probation]
time = "1min"
revert_on = []
command = "/usr/bin/healthy"
[boot]
reapply = false
per_patch = "1s"
budget = "2s"
[fetch]
kernels = "running"
max_size = "1G"
[security]
allow_force = true
allow_remote_revert = true
without_crash_guard = true
[history]
keep = "1d"
max_size = "1000"
)",
        "x.toml",
        it
    );
    CHECK(wrong.empty());
    CHECK(it.apply.mode == report::Mode::manual);
    CHECK(it.apply.minimum_severity == "high");
    CHECK(it.apply.delay == 7 * 24h);
    CHECK(it.apply.window.size() == 3);
    CHECK(it.transition.stall_after == 30s);
    CHECK(it.transition.reverse_after == 0s);
    CHECK(it.transition.retries == 0);
    CHECK(it.transition.backoff == 1h);
    CHECK(it.probation.time == 1min);
    CHECK(it.probation.revert_on.empty());
    CHECK(it.probation.command == "/usr/bin/healthy");
    CHECK_FALSE(it.boot.reapply);
    CHECK(it.boot.per_patch == 1s);
    CHECK(it.boot.budget == 2s);
    CHECK(it.fetch.kernels == "running");
    CHECK(it.fetch.max_size == 1024 * 1024 * 1024);
    CHECK(it.security.allow_force);
    CHECK(it.security.allow_remote_revert);
    CHECK(it.security.without_crash_guard);
    CHECK(it.history.keep == 24h);
    CHECK(it.history.max_size == 1000);
}

TEST_CASE("what is wrong is named with file and line") {
    struct Row {
        char const* text;
        char const* problem;
    };

    auto const row = GENERATE(
        Row{"[apply]\n\nmod = \"manual\"", ":3: unknown key mod in [apply]"},
        Row{"\n[aply]\nmode = \"manual\"", ":2: unknown key aply"},
        Row{"mode = \"manual\"", ":1: unknown key mode"},
        Row{"apply = 3", ":1: apply must be a table"},
        Row{"[[apply]]\nmode = \"manual\"", ":1: apply must be a table"},
        Row{"[apply]\nmode = \"auto\"", ":2: apply.mode must be one of \"automatic\", \"manual\""},
        Row{"[apply]\nmode = true", ":2: apply.mode must be one of \"automatic\", \"manual\""},
        Row{"[apply]\nwindow = \"01:00-05:00\"", ":2: apply.window must be a list of strings"},
        Row{"[apply]\nwindow = [\n\"01:00-05:00\",\n3]",
            ":4: apply.window must be a list of valid strings"},
        Row{"[apply]\ndelay = 5",
            ":2: apply.delay must be a duration such as \"90s\", \"5min\", "
            "\"12h\", \"7d\""},
        Row{"[transition]\nretries = -1",
            ":2: transition.retries must be a whole number from 0 to 1000"},
        Row{"[transition]\nretries = 1001",
            ":2: transition.retries must be a whole number from 0 to 1000"},
        Row{"[transition]\nretries = 1.5",
            ":2: transition.retries must be a whole number from 0 to 1000"},
        Row{"[probation]\ncommand = 1", ":2: probation.command must be a string"},
        Row{"[probation]\nrevert_on = [\"panic\"]",
            ":2: probation.revert_on must be a list of valid strings"},
        Row{"[boot]\nreapply = \"yes\"", ":2: boot.reapply must be true or false"},
        Row{"[boot]\nreapply = 1", ":2: boot.reapply must be true or false"},
        Row{"[fetch]\nmax_size = 512", ":2: fetch.max_size must be a size such as \"64M\""},
        Row{"[history]\nkeep = \"400\"",
            ":2: history.keep must be a duration such as \"90s\", "
            "\"5min\", \"12h\", \"7d\""}
    );
    CAPTURE(row.text);
    auto const found = problems(row.text);
    REQUIRE(found.size() == 1);
    CHECK(found[0] == std::string("/etc/livepatchd.toml") + row.problem);
}

TEST_CASE("what is no TOML is named with file and line") {
    auto const* text = GENERATE(
        "[apply]\nmode = ",
        "[apply]\nmode = \"a",
        "\n[apply\n",
        "a = 1\na = 2",
        "\n\xff\xfe",
        "x = [[[[",
        "\n\x01"
    );
    CAPTURE(text);
    auto const found = problems(text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("/etc/livepatchd.toml:"));
    CHECK(found[0].find('\n') == std::string::npos);
}

TEST_CASE("nesting without end is refused") {
    CHECK(problems("x = " + std::string(100'000, '[')).size() == 1);
    std::string dotted = "a";
    for (int i = 0; i < 20'000; ++i)
        dotted += ".a";
    CHECK_FALSE(problems(dotted + " = 1").empty());
}

TEST_CASE("all that is wrong is told at once") {
    CHECK(problems("[apply]\nmode = 1\ndelay = 2\nx = 3\n[y]\n").size() == 4);
}

TEST_CASE("windows") {
    auto const good = [](std::string const& window) {
        return problems("[apply]\nwindow = [\"" + window + "\"]").empty();
    };
    for (auto const* window :
         {"00:00-23:59", "22:00-04:00", "Sun 00:00-00:00", "Fri..Mon 01:00-02:00"})
        CHECK(good(window));
    for (auto const* window :
         {"",
          "24:00-01:00",
          "01:60-02:00",
          "1:00-2:00",
          "01:00",
          "01:00-",
          "01:00-02:00 ",
          " 01:00-02:00",
          "mon 01:00-02:00",
          "Mon.. 01:00-02:00",
          "Mon..Tue..Wed 01:00-02:00",
          "Mon  01:00-02:00",
          "-1:00-02:00",
          "0x:00-02:00"})
        CHECK_FALSE(good(window));
}

TEST_CASE("a source is read with all its keys") {
    auto const reading = read_source_file(
        R"(trust = "module-signature"
path = "/var/lib/kpatch/%r"
keys = ["vendor.pem", "other.pem"]
cumulative = true
priority = -7
remote = true
enabled = true
)",
        "/etc/livepatchd/repos.d/my-vendor.2.toml",
        release
    );
    CHECK(reading.problems.empty());
    REQUIRE(reading.source);
    CHECK(reading.source->name == "my-vendor.2");
    CHECK(reading.source->path == "/var/lib/kpatch/6.1.0-56-amd64");
    CHECK(reading.source->keys == Strings{"vendor.pem", "other.pem"});
    CHECK(reading.source->cumulative == Cumulative::yes);
    CHECK(reading.source->priority == -7);
    CHECK(reading.source->remote);
}

TEST_CASE("what a source does not say has a default") {
    auto const read = [](std::string const& more) {
        return read_source_file(
                   "trust = \"module-signature\"\npath = \"/x\"\n" + more, "/r/x.toml", release
        )
            .source.value();
    };
    CHECK(read("").keys.empty());
    CHECK(read("").cumulative == Cumulative::automatic);
    CHECK(read("cumulative = \"auto\"").cumulative == Cumulative::automatic);
    CHECK(read("cumulative = false").cumulative == Cumulative::no);
    CHECK(read("").priority == 50);
    CHECK_FALSE(read("").remote);
}

TEST_CASE("a source that is switched off is none, and no problem") {
    auto const reading =
        read_source_file("enabled = false\nurl = \"https://x\"", "/r/x.toml", release);
    CHECK_FALSE(reading.source);
    CHECK(reading.problems.empty());
}

TEST_CASE("a source without signatures is one where an admin says so twice") {
    auto const reading = read_source_file(
        "trust = \"unsigned\"\nallow_insecure = true\npath = \"/lab\"", "/r/lab.toml", release
    );
    CHECK(reading.problems.empty());
    REQUIRE(reading.source);
    CHECK(reading.source->trust == repository::Trust::none);
    // Saying it where it is not needed changes nothing.
    auto const other = read_source_file(
        "trust = \"module-signature\"\nallow_insecure = true\npath = \"/x\"", "/r/x.toml", release
    );
    REQUIRE(other.source);
    CHECK(other.source->trust == repository::Trust::module_signature);
}

TEST_CASE("a source that is a repository") {
    auto const here = read_source_file(
        "url = \"file:///srv/lp\"\nroot = \"/etc/livepatchd/trust/corp.root.json\"\n"
        "module_signature = \"ignore\"\nring = \"canary\"\npriority = 60",
        "/r/corp.toml",
        release
    );
    CHECK(here.problems.empty());
    REQUIRE(here.source);
    CHECK(here.source->trust == repository::Trust::tuf);
    CHECK(here.source->name == "corp");
    CHECK(here.source->path == "/srv/lp");
    CHECK(here.source->root == "/etc/livepatchd/trust/corp.root.json");
    CHECK(here.source->ring == "canary");
    CHECK(here.source->priority == 60);
    CHECK_FALSE(here.source->wants_module_signature);
    // What is elsewhere is read from its mirror.
    auto const there = read_source_file(
        "trust = \"tuf\"\nurl = \"https://patches.example.com/lp\"\nroot = \"/r.json\"",
        "/r/corp.toml",
        release,
        "/mirrors"
    );
    REQUIRE(there.source);
    CHECK(there.source->path == "/mirrors/corp");
    REQUIRE(there.source->web);
    CHECK(there.source->web->urls == Strings{"https://patches.example.com/lp"});
    CHECK_FALSE(there.source->web->allow_http);
    CHECK_FALSE(here.source->web);
    CHECK(there.source->ring == "default");
    CHECK(there.source->wants_module_signature);
}

TEST_CASE("a source on web servers says how they are reached") {
    auto const reading = read_source_file(
        "url = \"http://patches.example.com/lp\"\nroot = \"/r.json\"\nallow_http = true\n"
        "mirrors = [\"https://a.example/\", \"http://b.example\"]\n"
        "proxy = \"socks5h://proxy.example\"\nca_file = \"/etc/ssl/own.pem\"\n",
        "/r/corp.toml",
        release
    );
    CHECK(reading.problems.empty());
    REQUIRE(reading.source);
    REQUIRE(reading.source->web);
    auto const& web = *reading.source->web;
    CHECK(
        web.urls ==
        Strings{"http://patches.example.com/lp", "https://a.example/", "http://b.example"}
    );
    CHECK(web.proxy == "socks5h://proxy.example");
    CHECK(web.ca_file == "/etc/ssl/own.pem");
    CHECK(web.allow_http);
    std::string const good = "url = \"https://x\"\nroot = \"/r\"\n";
    CHECK(
        source_problems(good + "mirrors = [\"file:///x\"]") ==
        Strings{"/etc/repos.d/x.toml:3: mirrors must be a list of valid strings"}
    );
    CHECK(
        source_problems(good + "ca_file = \"own.pem\"").at(0).find("ca_file is not absolute") !=
        std::string::npos
    );
}

TEST_CASE("a source that cannot be used is none, and told") {
    std::string const good = "trust = \"module-signature\"\npath = \"/x\"\n";
    CHECK(source_problems("").at(0).find("no url") != std::string::npos);
    CHECK(
        source_problems("url = \"ftp://x\"\nroot = \"/r\"")
            .at(0)
            .find("of no kind that is known") != std::string::npos
    );
    CHECK(
        source_problems("url = \"file://x\"\nroot = \"/r\"")
            .at(0)
            .find("of no kind that is known") != std::string::npos
    );
    // What a library that is given it would complain of, password and all.
    for (auto const* line :
         {"url = \"https://\"",
          "url = \"https://u:secret/word@x\"",
          "url = \"https://u:secret@\"",
          "url = \"https://u:sec@ret@x\"",
          "url = \"https://x:port\"",
          "url = \"https://x\"\nproxy = \"http://u:secret/word@x\"",
          "url = \"https://x\"\nproxy = \"u:secret#word@x\"",
          "url = \"https://x\"\nproxy = \"//\""}) {
        auto const said = source_problems(line + std::string("\nroot = \"/r\"")).at(0);
        INFO(said);
        CHECK(said.find(" names no server") != std::string::npos);
        CHECK(said.find("secret") == std::string::npos);
    }
    for (auto const* line :
         {"url = \"https://u:p%2Fw@x:8443/a@b:c\"",
          "url = \"https://[2001:db8::1]:443/\"",
          "url = \"https://[2001:db8::1]\"",
          "url = \"https://x\"\nproxy = \"socks5h://u:p@x:1080\"",
          "url = \"https://x\"\nproxy = \"proxy:3128\""})
        CHECK(read_source_file(line + std::string("\nroot = \"/r\""), "/r/x.toml", release).source);
    CHECK(source_problems("url = \"file:///x\"").at(0).find("no root") != std::string::npos);
    CHECK(
        source_problems("url = \"file:///x\"\nroot = \"r\"").at(0).find("root is not absolute") !=
        std::string::npos
    );
    CHECK(
        source_problems("trust = \"magic\"").at(0).find(":1: trust must be one of") !=
        std::string::npos
    );
    CHECK(
        source_problems("trust = \"unsigned\"\npath = \"/x\"") ==
        Strings{"/etc/repos.d/x.toml: trust = \"unsigned\" takes modules that nobody signed; use "
                "trust = \"module-signature\", or add allow_insecure = true if that is meant"}
    );
    CHECK(
        source_problems("trust = \"module-signature\"").at(0).find("no path") != std::string::npos
    );
    CHECK(
        source_problems("trust = \"module-signature\"\npath = \"x\"").at(0).find("not absolute") !=
        std::string::npos
    );
    CHECK(
        source_problems(good + "keys = [\"../x.pem\"]") ==
        Strings{"/etc/repos.d/x.toml:3: keys must be a list of valid strings"}
    );
    CHECK(
        source_problems(good + "keys = []") ==
        Strings{"/etc/repos.d/x.toml:3: keys must be a list that is not empty"}
    );
    CHECK(source_problems(good + "cumulative = \"yes\"").size() == 1);
    CHECK(source_problems(good + "priority = \"high\"").size() == 1);
    CHECK(source_problems(good + "priority = 1001").size() == 1);
    CHECK(
        source_problems(good + "pathh = \"/y\"") ==
        Strings{"/etc/repos.d/x.toml:3: unknown key pathh"}
    );
    for (auto const* name : {"a b.toml", "x\n.toml", "\xff.toml", "\x1b[2J.toml"})
        CHECK(source_problems(good, fs::path("/etc/repos.d") / name).size() == 1);
}

TEST_CASE("drop-ins come after the main file, by name, ours hiding the vendor's") {
    Bench const bench;
    bench.etc("livepatchd.toml", "[boot]\nper_patch = \"1s\"\nbudget = \"1s\"\n");
    bench.directory.write("vendor/conf.d/10.toml", "[boot]\nper_patch = \"2s\"\n");
    bench.directory.write("vendor/conf.d/20.toml", "[boot]\nbudget = \"2s\"\n");
    bench.etc("conf.d/15.toml", "[boot]\nper_patch = \"3s\"\n");
    bench.etc("conf.d/.hidden.toml", "nonsense");
    bench.etc("conf.d/readme", "nonsense");
    CHECK(bench.load().problems.empty());
    CHECK(bench.load().configuration.boot.per_patch == 3s);
    CHECK(bench.load().configuration.boot.budget == 2s);
    bench.etc("conf.d/20.toml", "");
    CHECK(bench.load().configuration.boot.budget == 1s);
    fs::remove(bench.directory.path() / "etc/conf.d/20.toml");
    fs::create_symlink("/dev/null", bench.directory.path() / "etc/conf.d/20.toml");
    CHECK(bench.load().problems.empty());
    CHECK(bench.load().configuration.boot.budget == 1s);
}

TEST_CASE("a broken main configuration leaves the defaults, and nothing is applied by itself") {
    Bench const bench;
    bench.etc("livepatchd.toml", "[boot]\nbudget = \"1s\"\n[security]\nallow_force = true\n");
    bench.etc("repos.d/good.toml", "trust = \"module-signature\"\npath = \"/x\"\n");
    std::string expected;
    SECTION("in the main file") {
        bench.etc("livepatchd.toml", "[boot]\nbudget = \"1s\"\nbudgett = \"1s\"\n");
        expected = "livepatchd.toml:3: ";
    }
    SECTION("in a drop-in") {
        bench.etc("conf.d/10.toml", "x");
        expected = "10.toml:1: ";
    }
    SECTION("in the vendor's") {
        bench.directory.write("vendor/conf.d/10.toml", "\n\nx = 1");
        expected = "10.toml:3: ";
    }
    SECTION("in what is no file") {
        fs::create_directories(bench.directory.path() / "etc/conf.d/10.toml");
        expected = "10.toml: cannot read";
    }
    SECTION("in a link to nothing") {
        fs::create_directories(bench.directory.path() / "etc/conf.d");
        fs::create_symlink("nothing", bench.directory.path() / "etc/conf.d/10.toml");
        expected = "10.toml: cannot open";
    }
    SECTION("in a directory that is none") {
        bench.etc("conf.d", "a file");
        expected = "conf.d: ";
    }
    SECTION("in a file without end") {
        bench.etc("conf.d/10.toml", std::string(2'000'000, '#'));
        expected = "10.toml: longer than";
    }
    auto const loaded = bench.load();
    REQUIRE(loaded.problems.size() == 1);
    CAPTURE(describe(loaded.problems[0]));
    CHECK(describe(loaded.problems[0]).find(expected) != std::string::npos);
    CHECK(loaded.configuration.apply.mode == report::Mode::manual);
    CHECK(loaded.configuration.boot.budget == 30s);
    CHECK_FALSE(loaded.configuration.security.allow_force);
    CHECK(loaded.configuration.sources.size() == 1);
}

TEST_CASE("a broken source is left out, and nothing else changes") {
    Bench const bench;
    bench.etc("livepatchd.toml", "[boot]\nbudget = \"1s\"\n");
    bench.etc("repos.d/b.toml", "trust = \"module-signature\"\npath = \"/%r\"\n");
    bench.etc("repos.d/a.toml", "trust = \"module-signature\"\npath = \"/a\"\nx = 1\n");
    bench.etc("repos.d/c.toml", "trust = \"module-signature\"\npath = \"/c\"\nenabled = false\n");
    auto const loaded = bench.load();
    REQUIRE(loaded.problems.size() == 1);
    CHECK(
        describe(loaded.problems[0]).find("repos.d/a.toml:3: unknown key x") != std::string::npos
    );
    CHECK(loaded.configuration.apply.mode == report::Mode::automatic);
    CHECK(loaded.configuration.boot.budget == 1s);
    REQUIRE(loaded.configuration.sources.size() == 1);
    CHECK(loaded.configuration.sources[0].name == "b");
    CHECK(loaded.configuration.sources[0].path == "/6.1.0-56-amd64");
}

TEST_CASE("the configuration as it is shipped says nothing") {
    fs::path const shipped = LIVEPATCHD_SOURCE_DIR "/conf";
    auto const loaded = daemon::load_configuration({.etc = shipped, .vendor = "/nowhere"}, release);
    for (auto const& problem : loaded.problems)
        FAIL_CHECK(describe(problem));
    CHECK(loaded.configuration.apply.mode == report::Mode::automatic);
    REQUIRE(loaded.configuration.sources.size() == 1);
    CHECK(loaded.configuration.sources[0].path == "/var/lib/kpatch/6.1.0-56-amd64");
}
