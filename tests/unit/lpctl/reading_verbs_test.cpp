#include "lpctl_host.hpp"
#include "support/catch.hpp"

#include <systemd/sd-bus.h>

using namespace livepatch;
using namespace std::chrono_literals;
using base::PatchState;
using report::Disposition;
using support::a_patch;
using support::FakePatch;
using support::Json;
using support::LpctlHost;

namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

// lp_a enabled by us, lp_b enabling, lp_c waiting.
struct BusyHost : LpctlHost {
    BusyHost() {
        kernel.set_enabled_patch("lp_a");
        kernel.set_enabled_patch("lp_b");
        kernel.set_patch("lp_b", {.enabled = 1, .transition = 1});
        report::Report report;
        report.mode = report::Mode::automatic;
        auto moving = a_patch("lp_b", PatchState::enabling, Disposition::managed);
        // Told in minutes: the test may take its time.
        auto const since = std::chrono::system_clock::now() - 2h - 10min - 20s;
        moving.transition = report::TransitionReport{since, 2};
        auto waiting = a_patch("lp_c", PatchState::absent, Disposition::available);
        waiting.id = "corp-3";
        report.patches = {
            a_patch("lp_a", PatchState::enabled, Disposition::managed), moving, waiting};
        remember(report);
        kernel.set_task({.pid = 7, .patch_state = 1});
        kernel.set_task(
            {.pid = 8,
             .patch_state = 0,
             .comm = "kthr\x1b]0;x",
             .kthread = true,
             .wchan = "cmdline_proc_show",
             .stack = "[<0>] cmdline_proc_show+0x1/0x2\n"}
        );
    }
};

std::vector<std::string> keys(Json const& object) {
    std::vector<std::string> names;
    for (auto const& [key, value] : object.items())
        names.push_back(key);
    return names;
}

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("status --json is the report with the kernel's states") {
    BusyHost host;
    CHECK(host.call({"status", "--json"}) == 0);
    auto const json = host.json();
    CHECK(json["schema"] == 1);
    CHECK(json["daemon"] == "running");
    CHECK(json["health"] == "ok");
    CHECK(json["kernel"]["release"] == "6.1.0-test");
    CHECK(json["kernel"]["build_id"] == "abcdef01");
    CHECK(json["mode"] == "automatic");
    REQUIRE(json["patches"].size() == 3);
    CHECK(json["patches"][1]["name"] == "lp_b");
    CHECK(json["patches"][1]["state"] == "enabling");
    CHECK(json["patches"][1]["transition"]["tasks_remaining"] == 2);
    CHECK(json["patches"][2]["id"] == "corp-3");
    CHECK(host.daemon.calls().empty()); // never asked
}

TEST_CASE("status for a person says it at a glance") {
    BusyHost host;
    CHECK(host.call({"status"}) == 0);
    auto const text = host.out.str();
    CHECK(has(text, "Patched   yes, 1 patch; 1 in transition; 1 not applied yet\n"));
    CHECK(has(text, "Kernel    6.1.0-test\n"));
    CHECK(has(text, "Daemon    running, automatic mode\n"));
    CHECK(has(text, "Health    ok\n"));
    CHECK(has(text, "  * lp_a  enabled from vendor\n"));
    CHECK(has(text, "  ~ lp_b  enabling, 2 tasks remaining, 2 h 10 min from vendor\n"));
    CHECK(has(text, "  ~ lp_c  available from vendor\n"));
    CHECK(host.err.str().empty());
}

TEST_CASE("status never sends a name's escapes to the terminal") {
    LpctlHost host;
    report::Report report;
    auto hostile = a_patch("x\x1b[31m", PatchState::absent, Disposition::rejected);
    hostile.reason = "\x1b]0;owned\x07\n";
    hostile.id = std::string(4'096, 'y') + "\x9b";
    hostile.version = "\xff";
    report.patches = {hostile};
    // As a hostile file would have it: not every JSON writer refuses such text.
    auto json = report::to_json(report, "running");
    json["kernel"]["release"] = "6.1.0-test";
    host.run.write("status.json", json.dump(-1, ' ', false, Json::error_handler_t::replace));
    for (auto const& words :
         std::vector<Words>{{"status"}, {"list"}, {"show", "x\x1b[31m"}, {"status", "--json"}}) {
        CHECK(host.call(words) == 0);
        CHECK_FALSE(has(host.out.str(), "\x1b"));
        CHECK_FALSE(has(host.out.str(), "\x9b"));
        CHECK_FALSE(has(host.out.str(), "\x07"));
    }
}

TEST_CASE("status --check") {
    BusyHost host;
    CHECK(host.call({"status", "--check"}) == 11);
    CHECK(host.call({"status", "--check=health"}) == 0);
    host.kernel.set_patch("lp_b", {.enabled = 1, .transition = 0});
    CHECK(host.call({"status", "--check", "--json"}) == 10);
    host.daemon.set_running(false);
    CHECK(host.call({"status", "--check"}) == 1);
    CHECK(host.call({"status", "--check=health"}) == 1);
    host.kernel.set_livepatch(false);
    CHECK(host.call({"status", "--check"}) == 9);
}

TEST_CASE("list shows every patch on a line") {
    BusyHost host;
    CHECK(host.call({"list"}) == 0);
    auto const text = host.out.str();
    CHECK(text.starts_with("PATCH  STATE"));
    CHECK(std::count(text.begin(), text.end(), '\n') == 4);
    CHECK(host.call({"list", "--json"}) == 0);
    CHECK(keys(host.json()) == Words{"schema", "daemon", "patches"});
    CHECK(host.json()["patches"].size() == 3);
}

TEST_CASE("list shows what patches mend where a catalogue says it") {
    LpctlHost host;
    report::Report report;
    auto told = support::a_patch("lp_a", base::PatchState::absent, report::Disposition::scheduled);
    told.version = "7";
    told.severity = "important";
    told.cves = {"CVE-2026-1", "CVE-2026-2"};
    told.reason = "rollout: at 1 %, this host is at 42.17 %; its turn is not known yet";
    report.patches = {
        told, support::a_patch("lp_b", base::PatchState::absent, report::Disposition::available)};
    host.remember(report);
    CHECK(host.call({"list"}) == 0);
    CHECK(
        host.out.str() ==
        "PATCH  STATE   DISPOSITION  VERSION  SEVERITY   CVES                   SOURCE  REASON\n"
        "lp_a   absent  scheduled    7        important  CVE-2026-1,CVE-2026-2  vendor  rollout: "
        "at "
        "1 %, this host is at 42.17 %; its turn is not known yet\n"
        "lp_b   absent  available                                               vendor\n"
    );
}

TEST_CASE("list --kernel shows what is here for a kernel that may be booted next") {
    BusyHost host;
    report::Report report;
    report.other_kernels = {
        {.release = "6.1.0-next",
         .patches =
             {{.name = "lp_x",
               .id = "LP-7",
               .version = "2",
               .severity = "critical",
               .cves = {"CVE-2026-1", "CVE-2026-2"},
               .source = "corp",
               .sha256 = "00ff",
               .signer = "test",
               .ready = true,
               .reason = ""},
              {.name = "lp_y",
               .id = "LP-8",
               .version = "3",
               .severity = "",
               .cves = {},
               .source = "corp",
               .sha256 = "00fe",
               .signer = "",
               .reason = "its turn is later"}},
         .problems = {"another repository: \x1b[31mbroken"}},
        {.release = "6.1.0-old", .patches = {}, .problems = {}}};
    host.remember(report);
    CHECK(host.call({"list", "--kernel", "6.1.0-next"}) == 0);
    CHECK(
        host.out.str() ==
        "PATCH  READY  VERSION  SEVERITY  CVES                   SOURCE  REASON\n"
        "lp_x   yes    2        critical  CVE-2026-1,CVE-2026-2  corp\n"
        "lp_y   no     3                                         corp    its turn is later\n"
    );
    CHECK(has(host.err.str(), "lpctl: another repository: "));
    CHECK_FALSE(has(host.err.str(), "\x1b"));
    CHECK(host.call({"list", "--kernel", "6.1.0-next", "--json"}) == 0);
    CHECK(keys(host.json()) == Words{"schema", "daemon", "release", "patches", "problems"});
    CHECK(host.json()["patches"][0]["ready"] == true);
    CHECK(host.call({"list", "--kernel", "6.1.0-old"}) == 0);
    CHECK(host.out.str().empty());
    CHECK(host.err.str() == "No livepatches: nothing is published for this kernel.\n");
    CHECK(host.call({"list", "--kernel", "6.1.0-none"}) == 3);
    CHECK(has(host.err.str(), "known are: 6.1.0-test, 6.1.0-next, 6.1.0-old"));
    CHECK(host.call({"list", "--kernel", "6.1.0-test"}) == 0); // the running one
    CHECK(host.out.str().starts_with("PATCH  STATE"));
}

TEST_CASE("show finds a patch by name or id") {
    BusyHost host;
    CHECK(host.call({"show", "corp-3"}) == 0);
    CHECK(has(host.out.str(), "Patch        lp_c\n"));
    CHECK(has(host.out.str(), "Id           corp-3\n"));
    CHECK(host.call({"show", "lp_a", "--json"}) == 0);
    CHECK(keys(host.json()) == Words{"schema", "daemon", "patch"});
    CHECK(host.json()["patch"]["name"] == "lp_a");
    CHECK(host.json()["patch"]["state"] == "enabled");
}

TEST_CASE("show of an unknown patch is exit 3 with a suggestion") {
    BusyHost host;
    CHECK(host.call({"show", "corp-4"}) == 3);
    CHECK(host.err.str() == "lpctl: corp-4: no such patch; did you mean 'corp-3'?\n");
    CHECK(host.call({"show", "entirely_else", "--json"}) == 3);
    CHECK(host.json()["error"]["name"] == "NotFound");
}

TEST_CASE("blockers without the daemon scans tasks itself") {
    BusyHost host;
    host.daemon.set_running(false);
    CHECK(host.call({"blockers", "--json"}) == 0);
    auto const json = host.json();
    CHECK(json["schema"] == 1);
    CHECK(json["patch"] == "lp_b");
    CHECK(json["source"] == "proc");
    REQUIRE(json["tasks"].size() == 1);
    auto const& task = json["tasks"][0];
    CHECK(
        keys(task) ==
        Words{
            "pid",
            "tid",
            "comm",
            "kind",
            "unit",
            "container",
            "state",
            "wchan",
            "stack",
            "function",
            "class",
            "advice"}
    );
    CHECK(task["tid"] == 8);
    CHECK(task["kind"] == "kthread");
    CHECK(task["function"] == "cmdline_proc_show");
    CHECK_FALSE(has(host.out.str(), "\x1b"));
    CHECK(host.call({"blockers"}) == 0);
    CHECK(has(host.out.str(), "lp_b: enabling, 1 task remaining, 2 h 10 min\n"));
    CHECK(has(host.out.str(), "cmdline_proc_show"));
    CHECK_FALSE(has(host.out.str(), "\x1b"));
}

TEST_CASE("blockers asks the daemon, and says what it may not see") {
    BusyHost host;
    host.daemon.on("ListBlockers", [](sd_bus_message* call) {
        return sd_bus_reply_method_return(
            call, "aa{sv}", 1, 3, "tid", "u", 9, "comm", "s", "nginx", "advice", "s", "restart it"
        );
    });
    CHECK(host.call({"blockers", "--json"}) == 0);
    CHECK(host.json()["source"] == "daemon");
    CHECK(host.json()["since"].is_string());
    CHECK(host.json()["tasks"][0]["comm"] == "nginx");
    CHECK(host.json()["unreadable"] == 1); // two were counted
    CHECK(has(host.err.str(), "1 task can not be looked at"));
    CHECK(host.call({"blockers"}) == 0);
    CHECK(has(host.out.str(), "restart it\n"));
}

TEST_CASE("blockers while nothing moves") {
    LpctlHost host;
    CHECK(host.call({"blockers"}) == 0);
    CHECK(host.call({"blockers", "--json"}) == 0);
    CHECK(host.json()["patch"].is_null());
    CHECK(host.json()["tasks"] == Json::array());
}

TEST_CASE("reading takes less than a second, whatever hangs") {
    BusyHost host;
    host.context.patience = {};
    SECTION("the daemon") {
        host.daemon.set_stuck(true);
    }
    SECTION("the bus") {
        host.daemon.set_bus_stuck(true);
    }
    for (auto const& words : std::vector<Words>{
             {"status", "--json"},
             {"list"},
             {"show", "lp_a"},
             {"blockers", "--json"},
             {"version"}}) {
        auto const start = Clock::now();
        CHECK(host.call(words) == 0);
        CHECK(Clock::now() - start < 2s); // a second for a busy machine
    }
}

TEST_CASE("a damaged status.json takes nothing but what it knew") {
    BusyHost host;
    host.run.write("status.json", "{\"schema\":1,\"patches\":[{\"name\":");
    CHECK(host.call({"status", "--json"}) == 0);
    CHECK(host.json()["health"] == "degraded");
    REQUIRE(host.json()["patches"].size() == 2);
    CHECK(host.json()["patches"][0]["disposition"] == "unmanaged");
}

TEST_CASE("version tells both versions") {
    LpctlHost host;
    host.daemon.on("GetAll", [](sd_bus_message* call) {
        return sd_bus_reply_method_return(call, "a{sv}", 1, "Version", "s", "9.9");
    });
    CHECK(host.call({"version"}) == 0);
    CHECK(host.out.str() == "lpctl " LIVEPATCHD_VERSION "\nlivepatchd 9.9\n");
    host.daemon.set_stuck(true);
    host.context.patience.reading = 50ms;
    CHECK(host.call({"version"}) == 0);
    CHECK(has(host.out.str(), "livepatchd running, but does not answer\n"));
    host.daemon.set_running(false);
    CHECK(host.call({"version", "--json"}) == 0);
    CHECK(keys(host.json()) == Words{"schema", "lpctl", "livepatchd"});
    CHECK(host.json()["livepatchd"].is_null());
}
