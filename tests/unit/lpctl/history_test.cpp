// lpctl history: from the daemon, and from the database without it.
#include "history/database.hpp"
#include "lpctl_host.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>
#include <systemd/sd-bus.h>

#include <array>
#include <unistd.h>

using namespace livepatch;
using namespace std::chrono_literals;
using support::Json;
using support::LpctlHost;

namespace {

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

report::Event an_event() {
    return {
        .kind = report::EventKind::load_failed,
        .time = std::chrono::system_clock::now(),
        .patch = "lp_a",
        .id = "corp-1",
        .sha256 = "00ff",
        .message = "lp_a: not loaded",
        .kernel_log = {"a line"},
        .version = "2",
        .trigger = report::Trigger::request,
        .caller = {.uid = 0, .sender = ":1.7", .unit = "cron.service"},
        .durations = {.load = 1500us}};
}

struct HistoryHost : LpctlHost {
    HistoryHost() {
        context.history_file = run.path() / "history.db";
        context.patience.history = 10s;
    }

    void write(std::vector<report::Event> const& events) const {
        history::Database database(context.history_file);
        REQUIRE(database.append(events, std::chrono::system_clock::now()));
    }
};

// As GetHistory answers, with its options; a kind of a newer version, and without who did it.
int reply_history(sd_bus_message* call, std::string& options) {
    int result = sd_bus_message_enter_container(call, 'a', "{sv}");
    while (result >= 0 && sd_bus_message_enter_container(call, 'e', "sv") > 0) {
        char const* key = nullptr;
        char const* type = nullptr;
        sd_bus_message_read(call, "s", &key);
        sd_bus_message_peek_type(call, nullptr, &type);
        options += std::string(key) + ':' + type + ' ';
        sd_bus_message_skip(call, "v");
        sd_bus_message_exit_container(call);
    }
    return sd_bus_reply_method_return(
        call,
        "aa{sv}",
        1,
        6,
        "time",
        "t",
        std::uint64_t{1'767'225'600'000'000},
        "event",
        "s",
        "quarantined-twice",
        "outcome",
        "s",
        "failed",
        "patch",
        "s",
        "lp_a\x1b[31m",
        "trigger",
        "s",
        "request",
        "transition_usec",
        "t",
        std::uint64_t{1'200'000}
    );
}

} // namespace

TEST_CASE("history asks the daemon for what is wanted") {
    HistoryHost host;
    std::string options;
    host.daemon.on("GetHistory", [&](sd_bus_message* call) {
        return reply_history(call, options);
    });
    REQUIRE(host.call({"history", "lp_a", "--since", "2h", "--limit", "5", "--json"}) == 0);
    CHECK(options == "patch:s since:t limit:u ");
    auto const json = host.json();
    CHECK(json["schema"] == 1);
    CHECK(json["source"] == "daemon");
    REQUIRE(json["events"].size() == 1);
    auto const& event = json["events"][0];
    CHECK(event["time"] == "2026-01-01T00:00:00Z");
    CHECK(event["event"] == "quarantined-twice"); // of a newer daemon
    CHECK(event["outcome"] == "failed");
    CHECK(event["uid"] == nullptr);
    CHECK(event["transition_ms"] == 1200);
    CHECK(event["load_ms"] == nullptr);
    REQUIRE(host.call({"history"}) == 0);
    CHECK(has(host.out.str(), "quarantined-twice"));
    CHECK(has(host.out.str(), "an administrator"));
    CHECK(has(host.out.str(), "(after 1.2 s)"));
    CHECK_FALSE(has(host.out.str(), "\x1b[31m"));
}

TEST_CASE("without the daemon history reads the database") {
    HistoryHost host;
    host.daemon.set_running(false);
    host.write({an_event(), an_event()});
    REQUIRE(host.call({"history", "--json"}) == 0);
    auto const json = host.json();
    CHECK(json["source"] == "file");
    REQUIRE(json["events"].size() == 2);
    auto const& event = json["events"][0];
    CHECK(event["uid"] == 0);
    CHECK(event["unit"] == "cron.service");
    CHECK(event["load_ms"] == 2);
    CHECK(event["kernel_log"] == Json::array({"a line"}));
    REQUIRE(host.call({"history", "--limit", "1"}) == 0);
    CHECK(has(host.out.str(), "root in cron.service"));
    CHECK(has(host.out.str(), "not loaded"));
    CHECK(has(host.err.str(), "the newest 1"));
    CHECK(host.call({"history", "--since", "2100-01-01"}) == 0);
    CHECK(host.out.str().empty());
    CHECK(has(host.err.str(), "Nothing has happened"));
}

TEST_CASE("a stuck daemon is not waited for") {
    HistoryHost host;
    host.write({an_event()});
    host.context.patience.history = 200ms;
    host.daemon.set_stuck(true);
    REQUIRE(host.call({"history", "--json"}) == 0);
    CHECK(host.json()["source"] == "file");
}

TEST_CASE("what the daemon refuses is refused") {
    HistoryHost host;
    host.write({an_event()});
    host.daemon.on(
        "GetHistory", support::reply_error("org.livepatchd1.Error.LimitsExceeded", "too many")
    );
    CHECK(host.call({"history"}) == 1);
    CHECK(has(host.err.str(), "too many"));
}

TEST_CASE("a name that nobody knows is said to be one") {
    HistoryHost host;
    host.daemon.set_running(false);
    host.kernel.set_enabled_patch("lp_known");
    host.write({an_event()});
    CHECK(host.call({"history", "lp_a"}) == 0);
    CHECK(host.call({"history", "corp-1"}) == 0);
    CHECK(host.call({"history", "lp_known"}) == 0); // has no past
    CHECK(host.call({"history", "lp_knwon"}) == 3);
    CHECK(has(host.err.str(), "lp_known"));
}

TEST_CASE("without a database nothing has happened") {
    HistoryHost host;
    host.daemon.set_running(false);
    REQUIRE(host.call({"history", "--json"}) == 0);
    CHECK(host.json()["events"].empty());
}

TEST_CASE("a database that cannot be read is a failure") {
    HistoryHost host;
    host.daemon.set_running(false);
    host.run.write("history.db", std::string(8192, 'x'));
    CHECK(host.call({"history"}) == 1);
    CHECK(has(host.err.str(), "history.db"));
}

TEST_CASE("whoever may not read it needs the daemon") {
    HistoryHost host;
    host.daemon.set_running(false);
    host.write({an_event()});
    REQUIRE(::chmod(host.context.history_file.c_str(), 0) == 0);
    auto const self = ::geteuid();
    if (self == 0)
        REQUIRE(::seteuid(65534) == 0);
    int const status = host.call({"history"});
    REQUIRE(::seteuid(self) == 0);
    CHECK(status == 8);
    CHECK(has(host.err.str(), "only root can read"));
}

TEST_CASE("history's arguments are checked") {
    HistoryHost host;
    for (auto const& words : std::vector<std::vector<std::string>>{
             {"history", "--since", "soon"},
             {"history", "--limit", "0"},
             {"history", "--limit", "1001"},
             {"history", "--limit", "many"},
             {"history", "a", "b"},
             {"monitor", "lp_a"}})
        CHECK(host.call(words) == 2);
}

TEST_CASE("monitor needs the daemon") {
    HistoryHost host;
    host.daemon.set_running(false);
    CHECK(host.call({"monitor"}) == 8);
}
