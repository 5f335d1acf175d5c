#include "report/event.hpp"
#include "report/report_json.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

using namespace livepatch;
using namespace report;
using Json = nlohmann::ordered_json;

namespace {

Time at(long seconds) {
    return Time(std::chrono::seconds(seconds));
}

PatchReport patch_example(std::string name) {
    PatchReport patch;
    patch.name = std::move(name);
    patch.id = "CVE-2026-1";
    patch.version = "1.2";
    patch.state = base::PatchState::enabling;
    patch.disposition = Disposition::managed;
    patch.flags = {"pinned", "release-only"};
    patch.reason = "because";
    patch.source = "corp";
    patch.severity = "high";
    patch.cves = {"CVE-2026-1", "CVE-2026-2"};
    patch.sha256 = std::string(64, 'a');
    patch.signer = "Ärger (sha256:00)";
    patch.replace = Replace::yes;
    patch.transition = TransitionReport{at(1'767'225'600), 4'294'967'295};
    patch.functions = {{"vmlinux", "cmdline_proc_show", true}, {"ext4", "ext4_fill_super", false}};
    patch.candidates = {{"corp", "id", "sha", true}, {"other", "id2", "sha2", false}};
    patch.loaded_at = at(1'767'225'601);
    patch.probation = Probation::running;
    return patch;
}

Report example() {
    Report report;
    report.health = Health::degraded;
    report.health_reasons = {"one", "two"};
    report.kernel = {"6.1.0-56-amd64", "#1 SMP", "0011", true};
    report.mode = Mode::manual;
    report.stage = Stage::loading;
    report.last_refresh = at(1'767'225'602);
    report.metadata_expires = at(2'000'000'000);
    report.reboot_needed = true;
    report.reboot_reasons = {"forced"};
    report.patches = {patch_example("lp_a"), PatchReport(), patch_example("lp_b")};
    AheadReport ahead;
    ahead.name = "lp_c";
    ahead.id = "LP-1";
    ahead.version = "3";
    ahead.severity = "low";
    ahead.cves = {"CVE-2026-3"};
    ahead.source = "corp";
    ahead.sha256 = std::string(64, 'b');
    ahead.signer = "somebody";
    ahead.ready = true;
    report.other_kernels = {
        {.release = "6.1.0-57-amd64", .patches = {ahead, AheadReport()}, .problems = {"three"}},
        OtherKernelReport()};
    return report;
}

base::Result<Report> read(std::string_view text) {
    return report_from_json(text, "status.json");
}

} // namespace

TEST_CASE("what is written is what is read") {
    auto const report = GENERATE(example(), Report());
    auto const text = to_json(report, "running").dump(2);
    auto const back = read(text);
    REQUIRE(back);
    CHECK(back.value() == report);
    CHECK(to_json(back.value(), "running").dump(2) == text);
}

TEST_CASE("times are written to the second, in UTC") {
    auto report = example();
    report.last_refresh += std::chrono::milliseconds(999);
    auto const json = to_json(report, "absent");
    CHECK(json.at("last_refresh") == "2026-01-01T00:00:02Z");
    CHECK(json.at("daemon") == "absent");
    CHECK(read(json.dump())->last_refresh == example().last_refresh);
}

TEST_CASE("the fields are those of the interface") {
    auto const json = to_json(example(), "running");
    for (auto const* key :
         {"schema", "daemon", "health", "health_reasons", "kernel", "mode", "patches"})
        CHECK(json.contains(key));
    for (auto const* key : {"release", "version", "build_id", "livepatch"})
        CHECK(json.at("kernel").contains(key));
    auto const& patch = json.at("patches").at(0);
    for (auto const* key :
         {"name",
          "id",
          "version",
          "state",
          "disposition",
          "flags",
          "reason",
          "source",
          "severity",
          "cves",
          "sha256",
          "transition",
          "functions"})
        CHECK(patch.contains(key));
    CHECK(patch.at("transition").at("since") == "2026-01-01T00:00:00Z");
    CHECK(patch.at("transition").at("tasks_remaining") == 4'294'967'295);
    CHECK(
        patch.at("functions").at(1) ==
        Json{{"object", "ext4"}, {"name", "ext4_fill_super"}, {"patched", false}}
    );
    CHECK(json.at("patches").at(1).at("transition").is_null());
    CHECK(json.at("schema") == 1);
}

TEST_CASE("hostile text comes back as it went, on one line") {
    auto report = example();
    std::string const hostile =
        std::string("\"\\\n\r\t\x1b[2J</script>\0x", 19) + "\u202e\U0001f4a3";
    report.health_reasons = {hostile};
    report.patches[0].reason = hostile;
    report.patches[0].functions[0].name = hostile;
    auto const text = to_json(report, "running").dump();
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(read(text).value() == report);
}

TEST_CASE("whatever is cut off is refused") {
    auto const text = to_json(example(), "running").dump();
    for (std::size_t length = 0; length < text.size(); ++length) {
        auto const cut = read(text.substr(0, length));
        REQUIRE(cut.has_error());
        CHECK(cut.error().subject == "status.json");
    }
}

TEST_CASE("what is no report is refused") {
    auto const* text = GENERATE(
        "",
        "null",
        "[]",
        "3",
        "{}",
        R"({"schema":2})",
        R"({"schema":"1"})",
        R"({"schema":1,"patches":3})",
        R"({"schema":1,"patches":{}})",
        R"({"schema":1,"patches":[3]})",
        R"({"schema":1,"patches":[{"name":3}]})",
        R"({"schema":1,"patches":[{"functions":{}}]})",
        R"({"schema":1,"patches":[{"functions":[3]}]})",
        R"({"schema":1,"patches":[{"candidates":"x"}]})",
        R"({"schema":1,"patches":[{"transition":{"tasks_remaining":"x"}}]})",
        R"({"schema":1,"health":3})",
        R"({"schema":1,"health_reasons":"x"})",
        R"({"schema":1,"kernel":3})",
        R"({"schema":1,"kernel":{"livepatch":"yes"}})"
    );
    CAPTURE(text);
    CHECK(read(text).has_error());
}

TEST_CASE("numbers that are out of bounds are taken for the nearest that is not") {
    auto const tasks = [](std::string const& number) {
        auto const text =
            R"({"schema":1,"patches":[{"transition":{"tasks_remaining":)" + number + "}}]}";
        return read(text)->patches.at(0).transition->tasks_remaining;
    };
    CHECK(tasks("-1") == 0);
    CHECK(tasks("4294967296") == 4'294'967'295);
    CHECK(tasks("7") == 7);
}

TEST_CASE("neighbouring versions understand each other") {
    auto const report = read(
        R"({"schema":1,"news":{"a":[1]},"health":"excellent","mode":"manual",
            "patches":[{"name":"lp","state":"evaporating","disposition":"ours","more":1}]})"
    );
    REQUIRE(report);
    CHECK(report->mode == Mode::manual);
    CHECK(report->health == Report().health);
    REQUIRE(report->patches.size() == 1);
    CHECK(report->patches[0].name == "lp");
    CHECK(report->patches[0].state == base::PatchState::absent);
    CHECK(report->patches[0].disposition == PatchReport().disposition);
}

TEST_CASE("times that are none are not known") {
    auto const* time = GENERATE(
        "",
        "now",
        "2026-01-01",
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-01-01T00:00:00Zzz"
    );
    CAPTURE(time);
    auto const text = std::string(R"({"schema":1,"last_refresh":")") + time + "\"}";
    auto const report = read(text);
    REQUIRE(report);
    CHECK(report->last_refresh == Time());
    CHECK(read(R"({"schema":1,"last_refresh":3})")->last_refresh == Time());
}

TEST_CASE("nesting without end is refused without harm") {
    CHECK(read(std::string(1'000'000, '[')).has_error());
    std::string deep = R"({"schema":1,"x":)";
    for (int i = 0; i < 100'000; ++i)
        deep += "[";
    for (int i = 0; i < 100'000; ++i)
        deep += "]";
    CHECK(read(deep + "}"));
}

TEST_CASE("an event as JSON") {
    auto const json = to_json(Event{
        .kind = EventKind::load_failed,
        .time = at(1'767'225'600),
        .patch = "lp",
        .id = "id",
        .sha256 = "aa",
        .message = "lp: not loaded",
        .kernel_log = {"livepatch: no"},
        .version = "2.1",
        .trigger = Trigger::request,
        .caller = {.uid = 0, .sender = ":1.7", .unit = "cron.service"},
        .durations = {.load = std::chrono::microseconds(1001)},
        .boot_id = "b"});
    CHECK(
        json.dump() ==
        R"({"time":"2026-01-01T00:00:00Z","event":"load-failed","outcome":"failed","patch":"lp","id":"id",)"
        R"("version":"2.1","sha256":"aa","signer":"","source":"","trigger":"request","uid":0,)"
        R"("sender":":1.7","unit":"cron.service","reason":"","message":"lp: not loaded","verify_ms":null,)"
        R"("load_ms":2,"transition_ms":null,"blockers":[],"kernel_log":["livepatch: no"],"kernel":"",)"
        R"("boot_id":"b"})"
    );
    CHECK(
        to_json(Event{.time = {}, .patch = {}, .id = {}, .sha256 = {}, .message = {}})["uid"] ==
        nullptr
    );
}
