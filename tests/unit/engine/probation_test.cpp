// What the kernel complains of while a patch is on probation.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"
#include "world_builder.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using base::Errc;
using base::PatchState;
using engine::WorldBuilder;
using module::Replace;
using report::Disposition;
using support::EngineBench;
using Strings = std::vector<std::string>;

namespace {

Strings warning_in(std::string const& where) {
    return {
        "WARNING: CPU: 1 PID: 412 at lp.c:12 " + where,
        "RIP: 0010:" + where,
        "Call Trace:",
        " <TASK>",
        " seq_read_iter+0x1f4/0x4c0",
        " </TASK>",
        "---[ end trace 0000000000000000 ]---"};
}

struct ProvingBench : EngineBench {
    ProvingBench() {
        probation.time = 10min;
        put_patch({.name = "lp_one"});
        start();
        finish_transition();
        events.clear();
    }

    bool event(std::string const& words) const {
        return std::find(events.begin(), events.end(), words) != events.end();
    }
};

} // namespace

TEST_CASE("a patch that the kernel complains of is taken out at once, and stays out") {
    ProvingBench bench;
    bench.kernel_says({warning_in("lp_one_show+0x9/0x20 [lp_one]")[0]});
    CHECK(bench.kernel.calls().back() == "disable lp_one");
    CHECK(bench.events.at(0) == "harmful lp_one");
    CHECK(bench.patch("lp_one").probation == report::Probation::failed);
    CHECK(bench.patch("lp_one").disposition == Disposition::quarantined);
    bench.finish_transition();
    bench.advance(1h);
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.patch("lp_one").disposition == Disposition::quarantined);
    CHECK(bench.patch("lp_one").reason == "the kernel reported warn in lp_one:lp_one_show");
    CHECK(bench.apply("lp_one")->error().code == Errc::quarantined);
    bench.start();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.unhold("lp_one").value());
    CHECK(bench.is_loaded("lp_one"));
}

TEST_CASE("also while its transition runs") {
    EngineBench bench;
    bench.probation.time = 10min;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.kernel_says(warning_in("lp_one_show+0x9/0x20 [lp_one]"));
    CHECK(bench.kernel.calls().back() == "disable lp_one");
}

TEST_CASE("the evidence is kept whole") {
    ProvingBench bench;
    bench.kernel_says(warning_in("lp_one_show+0x9/0x20 [lp_one]"));
    auto const state = engine::StateFile(bench.state()).load().state;
    REQUIRE(state.quarantines.size() == 1);
    CHECK(state.quarantines[0].evidence.size() == 6);
}

TEST_CASE("a patch is told of once, however often the kernel complains") {
    ProvingBench bench;
    for (int i = 0; i < 5; ++i)
        bench.kernel_says(warning_in("lp_one_show+0x9/0x20 [lp_one]"));
    CHECK(std::count(bench.events.begin(), bench.events.end(), "harmful lp_one") == 1);
}

TEST_CASE("what is none of its fault leaves it where it is") {
    ProvingBench bench;
    SECTION("harm elsewhere is told of") {
        bench.kernel_says(warning_in("other_show+0x9/0x20 [other]"));
        CHECK(bench.event("harm-elsewhere "));
        for (int i = 0; i < 100; ++i)
            bench.kernel_says(warning_in("other_show+0x9/0x20 [other]"));
        CHECK(bench.events.size() == 10); // but not without end
    }
    SECTION("a task of its name, however it ends") {
        bench.kernel_says(
            {"lp_one[412]: segfault at 0 ip 0 sp 0 error 4 in lp_one[400000+1000]",
             "INFO: task lp_one:412 blocked for more than 120 seconds.",
             "Call Trace:",
             " <TASK>",
             " __schedule+0x2d1/0x870",
             " lp_one_show+0x9/0x20 [lp_one]",
             " </TASK>"}
        );
    }
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    bench.advance(11min);
    CHECK(bench.event("proved lp_one"));
    CHECK(bench.patch("lp_one").probation == report::Probation::passed);
    CHECK(bench.clock.armed() == 0);

    // After it nothing is held against it any more.
    bench.kernel_says(warning_in("lp_one_show+0x9/0x20 [lp_one]"));
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
}

TEST_CASE("an admin says what is reverted for") {
    EngineBench bench;
    bench.probation = {.time = 10min, .revert_on = {"oops", "bug", "lockup"}};
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.kernel_says(warning_in("lp_one_show+0x9/0x20 [lp_one]"));
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    bench.kernel_says(
        {"kernel BUG at lp.c:12!",
         "RIP: 0010:strlen+0x9/0x20",
         "Call Trace:",
         " lp_one_show+0x9/0x20 [lp_one]"}
    );
    CHECK(bench.patch("lp_one").state == PatchState::disabling);
}

TEST_CASE("a harmful cumulative patch gives way to the one that was good before") {
    EngineBench bench;
    bench.probation.time = 10min;
    bench.put_patch({.name = "lp_1", .replace = true});
    bench.start();
    bench.finish_transition();
    bench.advance(11min);
    bench.put_patch({.name = "lp_2", .replace = true});
    bench.refresh();
    bench.finish_transition();
    bench.run();
    REQUIRE(bench.patch("lp_2").state == PatchState::enabled);
    REQUIRE_FALSE(bench.is_loaded("lp_1"));
    bench.kernel_says(warning_in("lp_2_show+0x9/0x20 [lp_2]"));
    CHECK(bench.kernel.calls().back() == "load lp_1");

    SECTION("in one transition") {
        bench.finish_transition();
        bench.advance(10s);
        CHECK(bench.patch("lp_1").state == PatchState::enabled);
        CHECK_FALSE(bench.is_loaded("lp_2"));
        CHECK(bench.patch("lp_2").disposition == Disposition::quarantined);
    }
    SECTION("and leaves without, when that cannot be loaded") {
        bench.kernel.reboot();
    }
}

TEST_CASE("what takes the place of a harmful patch") {
    WorldBuilder world;
    world.mode = report::Mode::manual;
    for (auto const* name : {"a1", "a2", "a3"})
        world.offer_from("test", name, Replace::yes);
    world.see("a3", PatchState::enabled);
    world.record("a3").replace = Replace::yes;
    world.quarantine("a3");
    SECTION("nothing, when nothing has proved good") {
        CHECK(world.steps() == Strings{"disable a3"});
    }
    SECTION("the newest that has") {
        world.prove("a1");
        world.prove("a2");
        CHECK(world.steps() == Strings{"load a2 over a3"});
        SECTION("and was not refused") {
            world.fail("a2");
            CHECK(world.steps() == Strings{"load a1 over a3"});
        }
        SECTION("nor reverted") {
            world.hold("a2");
            CHECK(world.steps() == Strings{"load a1 over a3"});
        }
        SECTION("nor held") {
            world.hold_all("a2");
            CHECK(world.steps() == Strings{"load a1 over a3"});
        }
        SECTION("nor quarantined itself") {
            world.quarantine("a2", engine::Quarantine::Cause::crash);
            world.quarantine("a1", engine::Quarantine::Cause::crash);
            CHECK(world.steps() == Strings{"disable a3"});
        }
        SECTION("and nothing while all is paused: it only goes") {
            world.stop();
            CHECK(world.steps() == Strings{"disable a3"});
        }
    }
    SECTION("a transition on the way in is turned round") {
        world.prove("a2");
        world.observed.patches[0].state = PatchState::enabling;
        world.observed.patches[0].transition = true;
        CHECK(world.steps() == Strings{"disable a3"});
    }
    SECTION("somebody else's transition is waited for") {
        world.see("foreign", PatchState::enabling);
        CHECK(world.steps().empty());
    }
    SECTION("ours gives way") {
        world.offer_from("test", "b", Replace::no);
        world.see("b", PatchState::enabling);
        world.record("b", engine::Stage::loaded);
        CHECK(world.steps() == Strings{"disable b"});
    }
    SECTION("what another tool loaded is left alone") {
        world.state.loads.clear();
        CHECK(world.steps().empty());
    }
}
