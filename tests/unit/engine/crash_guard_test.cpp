// A patch that brought the machine down is not loaded again; any other is.
#include "engine/crash_guard.hpp"
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

using namespace livepatch;
using namespace livepatch::engine;
using namespace std::chrono_literals;
using base::Errc;
using base::PatchState;
using report::Disposition;
using report::Health;
using support::EngineBench;
using End = EngineBench::End;
using Strings = std::vector<std::string>;

namespace {

LoadRecord attempt(std::string const& name, Stage stage = Stage::enabled, bool first = true) {
    return {
        .name = name,
        .id = name,
        .sha256 = "sha " + name,
        .build_id = {},
        .source = "test",
        .signer = {},
        .boot_id = "before",
        .stage = stage,
        .at = {},
        .replaced_by = {},
        .kernel = "kernel",
        .machine_id = "machine",
        .proving = true,
        .first = first};
}

Aftermath aftermath() {
    return {.boot_id = "now", .machine_id = "machine", .clean_boot = {}, .time = {}};
}

Quarantine quarantine(std::string sha256, std::string name, Quarantine::Cause cause) {
    return {
        .sha256 = std::move(sha256),
        .name = std::move(name),
        .id = {},
        .cause = cause,
        .reason = {},
        .boot_id = "before",
        .since = {}};
}

Strings quarantined(State const& state) {
    Strings names;
    for (auto const& quarantine : state.quarantines)
        names.push_back(quarantine.name);
    return names;
}

struct ProvingBench : EngineBench {
    ProvingBench() { probation.time = 10min; }

    void load_and_enable(std::string const& name, std::string const& version = "1") {
        put_patch({.name = name, .version = version});
        refresh();
        finish_transition();
    }

    bool has_health_reason(std::string const& code) {
        auto const& reasons = report().health_reasons;
        return std::any_of(reasons.begin(), reasons.end(), [&](auto const& reason) {
            return reason.starts_with(code);
        });
    }
};

} // namespace

TEST_CASE("of the attempts of a boot that ended without a word the newest is blamed") {
    State state;
    state.put(attempt("good", Stage::enabled, false));
    state.put(attempt("older"));
    auto const stage = GENERATE(Stage::intended, Stage::loaded, Stage::enabled, Stage::reverting);
    state.put(attempt("newest", stage));
    state.put(attempt("good too", Stage::enabled, false));
    state.put(attempt("replaced", Stage::replaced));
    auto const judged = judge_last_boots(state, aftermath());
    CHECK(judged.changed);
    CHECK(quarantined(state) == Strings{"newest"});
    CHECK(state.quarantines[0].sha256 == "sha newest");
    CHECK(state.quarantines[0].boot_id == "before");
    CHECK(state.quarantines[0].cause == Quarantine::Cause::crash);
    REQUIRE(judged.events.size() == 1);
    CHECK(judged.events[0].kind == report::EventKind::quarantined);
    CHECK(state.unclean_boots == 1);
    CHECK_FALSE(state.boot_loop);

    // Once: the daemon that starts after the boot's own unit judges nothing anew.
    CHECK_FALSE(judge_last_boots(state, aftermath()).changed);
    CHECK(state.unclean_boots == 1);
    CHECK(quarantined(state).size() == 1);
}

TEST_CASE("nobody is blamed for") {
    State state;
    auto after = aftermath();
    state.put(attempt("lp"));
    SECTION("a boot that ended in an orderly way") {
        after.clean_boot = "before";
        state.unclean_boots = 2;
        judge_last_boots(state, after);
        CHECK(state.unclean_boots == 0);
    }
    SECTION("what another machine did, of which this disk is a copy") {
        after.machine_id = "another";
        judge_last_boots(state, after);
        CHECK(state.unclean_boots == 0);
    }
    SECTION("a boot in which all had proved good") {
        state.loads[0].proving = false;
        state.unclean_boots = 2;
        judge_last_boots(state, after);
        CHECK(state.unclean_boots == 0);
    }
    SECTION("a crash of a boot in which only patches were on probation that had been good before") {
        state.loads[0].first = false;
        auto const judged = judge_last_boots(state, after);
        CHECK(state.unclean_boots == 1);
        REQUIRE(judged.events.size() == 1);
        CHECK(judged.events[0].kind == report::EventKind::crashed);
    }
    CHECK(state.quarantines.empty());
    CHECK_FALSE(state.loads[0].proving);
}

TEST_CASE("what the record of the crash names is blamed, and not the newest") {
    State state;
    state.put(attempt("named", Stage::enabled, GENERATE(true, false)));
    state.put(attempt("newest"));
    auto after = aftermath();
    after.blamed = {{"named", {"Kernel panic", "Call Trace:"}}, {"ext4", {}}};
    auto const judged = judge_last_boots(state, after);
    CHECK(quarantined(state) == Strings{"named"});
    CHECK(state.quarantines[0].evidence == Strings{"Kernel panic", "Call Trace:"});
    REQUIRE(judged.events.size() == 1);
    CHECK(judged.events[0].kernel_log == state.quarantines[0].evidence);
}

TEST_CASE("what the kernel had complained of is blamed, and not the newest") {
    State state;
    state.put(attempt("harmful", Stage::reverting));
    state.put(attempt("newest"));
    state.put(quarantine("sha harmful", "harmful", Quarantine::Cause::harm));
    judge_last_boots(state, aftermath());
    CHECK(quarantined(state) == Strings{"harmful"});
}

TEST_CASE("the good patch that a culprit had replaced is what the kernel had") {
    State state;
    for (auto const* name : {"good", "unproved"}) {
        auto replaced = attempt(name, Stage::replaced);
        replaced.replaced_by = "culprit";
        state.put(replaced);
    }
    state.put(GoodVerdict{.sha256 = "sha good", .kernel = "kernel", .since = {}});
    state.put(attempt("culprit"));
    judge_last_boots(state, aftermath());
    CHECK(quarantined(state) == Strings{"culprit"});
    CHECK(state.loads[0].stage == Stage::enabled);
    CHECK(state.loads[1].stage == Stage::replaced);
}

TEST_CASE("without a probation a crash soon after a load is held against a patch as well") {
    EngineBench bench; // it is switched off
    bench.put_patch({.name = "lp_new"});
    bench.start();
    bench.finish_transition();
    bench.advance(3s);
    bench.reboot(End::crash);
    bench.start();
    CHECK(bench.patch("lp_new").disposition == Disposition::quarantined);
}

TEST_CASE("three boots in a row are a loop, whoever is to blame") {
    State state;
    for (int boot = 1; boot <= 3; ++boot) {
        CHECK_FALSE(state.boot_loop);
        auto good = attempt("good", Stage::enabled, false);
        good.boot_id = "boot " + std::to_string(boot);
        state.loads = {good};
        auto after = aftermath();
        after.boot_id = "boot " + std::to_string(boot + 1);
        auto const judged = judge_last_boots(state, after);
        CHECK(judged.events.size() == (boot == 3 ? 2U : 1U));
    }
    CHECK(state.boot_loop);
    CHECK(state.quarantines.empty());
}

TEST_CASE("a stall is forgiven by the next boot, harm is not") {
    State state;
    state.put(quarantine("1", "a", Quarantine::Cause::stall));
    state.put(quarantine("2", "b", Quarantine::Cause::harm));
    judge_last_boots(state, aftermath());
    CHECK(quarantined(state) == Strings{"b"});
}

TEST_CASE("a new patch that brings the machine down is not loaded again, the others are") {
    ProvingBench bench;
    bench.start();
    bench.load_and_enable("lp_good");
    bench.advance(11min);
    CHECK(bench.patch("lp_good").probation == report::Probation::passed);
    bench.load_and_enable("lp_new");
    CHECK(bench.patch("lp_new").probation == report::Probation::running);
    bench.advance(3s);
    bench.reboot(End::crash);
    bench.start();
    bench.finish_transition();
    CHECK(bench.patch("lp_good").state == PatchState::enabled);
    CHECK(bench.patch("lp_new").state == PatchState::absent);
    CHECK(bench.patch("lp_new").disposition == Disposition::quarantined);
    CHECK(bench.patch("lp_new").reason.find("the machine went down") == 0);
    CHECK(bench.has_health_reason("quarantined: lp_new: "));
    CHECK(bench.report().health == Health::degraded);
    auto const answer = bench.apply("lp_new");
    REQUIRE(answer);
    CHECK(answer->error().code == Errc::quarantined);

    SECTION("nor after its file was published once more, nor after more boots") {
        auto const aside = bench.directory.path() / "aside";
        std::filesystem::rename(bench.source() / "lp_new.ko", aside);
        bench.refresh();
        std::filesystem::rename(aside, bench.source() / "lp_new.ko");
        bench.refresh();
        CHECK_FALSE(bench.is_loaded("lp_new"));
        bench.reboot(End::clean);
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_new"));
    }
    SECTION("a new version is") {
        bench.put_patch({.name = "lp_new", .version = "2"});
        bench.refresh();
        CHECK(bench.is_loaded("lp_new"));
    }
    SECTION("and an admin can let it in again") {
        CHECK(bench.unhold("lp_new").value());
        CHECK(bench.is_loaded("lp_new"));
    }
}

TEST_CASE("only the newest of several new patches is blamed") {
    ProvingBench bench;
    bench.start();
    bench.load_and_enable("lp_1");
    bench.load_and_enable("lp_2");
    bench.reboot(End::crash);
    bench.start();
    bench.finish_transition();
    CHECK(bench.is_loaded("lp_1"));
    CHECK_FALSE(bench.is_loaded("lp_2"));
    // Blamed in the end, because the machine goes on to crash.
    bench.reboot(End::crash);
    bench.start();
    CHECK_FALSE(bench.is_loaded("lp_1"));
}

TEST_CASE("an orderly reboot during a probation says nothing against a patch") {
    ProvingBench bench;
    bench.start();
    bench.load_and_enable("lp_new");
    bench.reboot(End::clean);
    bench.start();
    CHECK(bench.is_loaded("lp_new"));
    CHECK(bench.patch("lp_new").probation == report::Probation::running);

    SECTION("and one that was called off is none") {
        ShutdownRecord(bench.state()).write("boot-2").value();
        bench.start(); // the daemon is started once more, in the same boot
        bench.reboot(End::crash);
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_new"));
    }
}

TEST_CASE("after a power cut good patches are loaded again, but not for ever") {
    ProvingBench bench;
    bench.start();
    bench.load_and_enable("lp_good");
    bench.advance(11min);
    for (int boot = 1; boot < 3; ++boot) {
        bench.reboot(End::crash);
        bench.start();
        bench.finish_transition();
        CHECK(bench.is_loaded("lp_good"));
    }
    SECTION("the third in a row, each within the probation, is a loop") {
        bench.reboot(End::crash);
        bench.start();
        CHECK(bench.is_loaded("lp_good"));
        bench.finish_transition();
        bench.reboot(End::crash);
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_good"));
        CHECK(bench.patch("lp_good").reason == "not loaded by itself: boot-loop");
        CHECK(bench.has_health_reason("boot-loop: "));
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_good"));
        CHECK(bench.resume().value());
        CHECK(bench.is_loaded("lp_good"));
        CHECK_FALSE(bench.has_health_reason("boot-loop: "));
    }
    SECTION("one that comes through its probation ends the row") {
        bench.advance(11min);
        bench.reboot(End::crash);
        bench.start();
        bench.finish_transition();
        bench.reboot(End::crash);
        bench.start();
        CHECK(bench.is_loaded("lp_good"));
    }
}

TEST_CASE("in a kernel that saves a crash nothing is loaded and nobody judged") {
    ProvingBench bench;
    bench.start();
    bench.load_and_enable("lp_new");
    bench.reboot(End::crash);
    bench.tree.write("proc/vmcore", "");
    bench.start();
    CHECK_FALSE(bench.is_loaded("lp_new"));
    CHECK(bench.patch("lp_new").disposition == Disposition::available);
    CHECK(bench.has_health_reason("crash-kernel: "));
    bench.reboot(End::clean);
    std::filesystem::remove(bench.tree.path() / "proc/vmcore");
    bench.start();
    CHECK(bench.patch("lp_new").disposition == Disposition::quarantined);
}

TEST_CASE("what was in before a reboot is wanted again also in manual mode") {
    ProvingBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    CHECK(bench.apply("lp_one").value());
    bench.finish_transition();
    bench.reboot(End::clean);
    bench.start();
    CHECK(bench.is_loaded("lp_one"));
    CHECK_FALSE(bench.is_loaded("lp_two"));

    SECTION("but not what was reverted") {
        bench.finish_transition();
        CHECK(bench.revert("lp_one").value());
        bench.finish_transition();
        bench.reboot(End::clean);
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_one"));
    }
    SECTION("nor another version") {
        bench.finish_transition();
        bench.reboot(End::clean);
        bench.put_patch({.name = "lp_one", .version = "2"});
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_one"));
    }
    SECTION("also from a source that is there only later") {
        bench.finish_transition();
        bench.reboot(End::clean);
        auto const aside = bench.directory.path() / "aside";
        std::filesystem::rename(bench.source() / "lp_one.ko", aside);
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_one"));
        std::filesystem::rename(aside, bench.source() / "lp_one.ko");
        bench.refresh();
        CHECK(bench.is_loaded("lp_one"));
    }
    SECTION("nor in another kernel, and again in the first one") {
        bench.finish_transition();
        bench.reboot(End::clean);
        auto const release = bench.tree.read("proc/sys/kernel/osrelease");
        bench.tree.set_identity("6.1.0-57-amd64", "#1", "ffffffff");
        bench.start();
        CHECK_FALSE(bench.is_loaded("lp_one"));
    }
}
