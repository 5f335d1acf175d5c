// What the kernel complains of while a patch is on probation.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"
#include "world_builder.hpp"

#include <filesystem>
#include <fstream>
#include <set>

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

TEST_CASE("harm does not wait for the record of another load, however slow the disk is") {
    ProvingBench bench;
    bench.put_patch({.name = "lp_two"});
    bench.hold_disk();
    bench.refresh();
    REQUIRE(bench.report().stage == report::Stage::loading);
    bench.kernel_says(warning_in("lp_one_show+0x9/0x20 [lp_one]"));
    bench.advance(1s);
    CHECK(bench.kernel.calls().back() == "disable lp_one");
    bench.finish_transition();
    CHECK_FALSE(bench.is_loaded("lp_two"));
    bench.hold_disk(false);
    bench.run();
    CHECK(bench.is_loaded("lp_two")); // planned anew
    CHECK_FALSE(bench.is_loaded("lp_one"));
}

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

TEST_CASE("a probation is not slept through") {
    ProvingBench bench;
    bench.clock.shift_wall(std::chrono::hours(8));
    bench.engine().notice();
    bench.advance(1s);
    CHECK(bench.patch("lp_one").probation == report::Probation::running);
    bench.advance(10min);
    CHECK(bench.patch("lp_one").probation == report::Probation::passed);
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

TEST_CASE("what is only stored takes the place of a harmful patch, too") {
    WorldBuilder world;
    world.mode = report::Mode::manual;
    world.offer_from("test", "a4", Replace::yes);
    world.see("a4", PatchState::enabled);
    world.record("a4").replace = Replace::yes;
    world.quarantine("a4");
    world.keep("a1");
    world.keep("a3");
    CHECK(world.steps() == Strings{"load a3 over a4"});
    SECTION("the newest of all that there are") {
        world.offer_from("test", "a2", Replace::yes);
        world.prove("a2");
        CHECK(world.steps() == Strings{"load a3 over a4"});
    }
    SECTION("not what its source refuses now") {
        world.offer_from("test", "a3", Replace::yes).refused = base::Error{
            .code = base::Errc::withdrawn, .subject = "a3", .cause = "withdrawn", .remedy = {}};
        CHECK(world.steps() == Strings{"load a1 over a4"});
    }
    SECTION("not what was reverted, quarantined or found wanting") {
        world.hold("a3");
        world.quarantine("a1");
        CHECK(world.steps() == Strings{"disable a4"});
    }
    SECTION("not while all is paused") {
        world.stop();
        CHECK(world.steps() == Strings{"disable a4"});
    }
    SECTION("not of another source") {
        world.state.loads[0].source = "other";
        CHECK(world.steps() == Strings{"disable a4"});
    }
    SECTION("not what proved on another kernel") {
        world.state.good.clear();
        world.keep("a3", "another kernel");
        CHECK(world.steps() == Strings{"disable a4"});
    }
    SECTION("not what somebody else has loaded since") {
        world.see("a3", PatchState::enabled);
        CHECK(world.steps() == Strings{"load a1 over a4"});
    }
}

TEST_CASE("what was printed before a patch came in is not its fault") {
    ProvingBench bench;
    auto const warning = warning_in("lp_one_show+0x9/0x20 [lp_one]");
    SECTION("an earlier version of its name did it") {
        // A daemon that was away finds all of it at once.
        auto lines = warning;
        lines.emplace_back("livepatch: 'lp_one': unpatching complete");
        lines.emplace_back("livepatch: enabling patch 'lp_one'");
        bench.kernel_says(lines);
        CHECK(bench.patch("lp_one").state == PatchState::enabled);
        CHECK(bench.patch("lp_one").probation == report::Probation::running);
        bench.kernel_says(warning);
        CHECK(bench.patch("lp_one").state == PatchState::disabling);
    }
    SECTION("what came in later changes nothing of that") {
        auto lines = warning;
        lines.insert(lines.begin(), "livepatch: enabling patch 'lp_one'");
        lines.emplace_back("livepatch: enabling patch 'lp_two'");
        bench.kernel_says(lines);
        CHECK(bench.patch("lp_one").state == PatchState::disabling);
    }
}

TEST_CASE("the next daemon reads again what this one is not through with") {
    ProvingBench bench;
    auto const warning = warning_in("lp_one_show+0x9/0x20 [lp_one]");
    auto const elsewhere = warning_in("other_show+0x9/0x20 [other]");
    auto const in_work = [&] { return bench.engine().line_in_work(); };
    bench.kernel_says({"hello", elsewhere[0], elsewhere[1]});
    CHECK(in_work() == 2U); // the report is not complete
    bench.kernel_says({elsewhere.begin() + 2, elsewhere.end()});
    CHECK_FALSE(in_work());

    bench.hold_disk();
    auto const first = bench.next_line;
    bench.kernel_says(warning);
    bench.kernel_says({"hello"});
    CHECK(in_work() == first); // harm that nobody would know of

    SECTION("until it is on the disk") {
        bench.hold_disk(false);
        bench.run();
        CHECK_FALSE(in_work());
        CHECK(bench.kernel.calls().back() == "disable lp_one");
    }
    SECTION("killed before, the next one takes it out") {
        bench.start();
        CHECK(bench.patch("lp_one").state == PatchState::enabled);
        bench.kernel_says(warning);
        CHECK(bench.kernel.calls().back() == "disable lp_one");
        CHECK(bench.patch("lp_one").disposition == Disposition::quarantined);
    }
}

namespace {

// lp_1 has proved good and is stored, lp_2 has taken its place.
struct CumulativeBench : EngineBench {
    CumulativeBench() {
        probation.time = 10min;
        with_store = true;
        put_patch({.name = "lp_1", .replace = true});
        start();
        finish_transition();
        advance(11min);
        put_patch({.name = "lp_2", .replace = true});
        refresh();
        finish_transition();
        run();
        REQUIRE(patch("lp_2").state == PatchState::enabled);
    }

    void harm() { kernel_says(warning_in("lp_2_show+0x9/0x20 [lp_2]")); }

    void lose_stored() { std::filesystem::remove_all(stored()); }

    std::string last_call() const { return kernel.calls().back(); }
};

} // namespace

TEST_CASE("the way back from a harmful cumulative patch waits for no source") {
    CumulativeBench bench;
    bench.hold_sources(); // it hangs
    SECTION("the older one is stored") {
        bench.harm();
        CHECK(bench.last_call() == "load lp_1");
        bench.finish_transition();
        bench.advance(10s);
        CHECK(bench.patch("lp_1").state == PatchState::enabled);
        CHECK_FALSE(bench.is_loaded("lp_2"));
    }
    SECTION("also while the module of another one is waited for") {
        CHECK_FALSE(bench.apply("lp_1")); // held up, and then overtaken
        bench.harm();
        CHECK(bench.last_call() == "load lp_1");
    }
    SECTION("it is not stored any more: the harmful one goes without") {
        bench.lose_stored();
        bench.harm();
        CHECK(bench.last_call() != "load lp_1");
        bench.advance(399ms);
        CHECK(bench.patch("lp_2").state == PatchState::enabled);
        bench.advance(1ms);
        CHECK(bench.last_call() == "disable lp_2");
        CHECK(bench.events.back() == "disabling lp_2");
        bench.finish_transition();
        bench.advance(10s);
        CHECK_FALSE(bench.is_loaded("lp_2"));
        CHECK_FALSE(bench.is_loaded("lp_1"));

        bench.hold_sources(false); // and answers again
        bench.advance(10s);
        CHECK(bench.last_call() == "load lp_1");
    }
    SECTION("nor is a stored one taken that nobody trusts any more") {
        std::filesystem::remove(bench.keys() / "test.pem");
        bench.harm();
        bench.advance(1s);
        CHECK(bench.last_call() == "disable lp_2");
    }
    SECTION("nor one that was damaged") {
        for (auto const& file : std::filesystem::directory_iterator(bench.stored()))
            std::ofstream(file.path(), std::ios::app) << "x";
        bench.harm();
        bench.advance(1s);
        CHECK(bench.last_call() == "disable lp_2");
    }
}

TEST_CASE("a source that answers gives what the store has lost") {
    CumulativeBench bench;
    bench.lose_stored();
    bench.harm();
    CHECK(bench.last_call() == "load lp_1");
}

TEST_CASE("what a daemon was killed before it could store is stored by the next") {
    CumulativeBench bench;
    auto const stored = [&] {
        std::error_code ignored;
        std::set<std::string> names;
        for (auto const& file : std::filesystem::directory_iterator(bench.stored(), ignored))
            names.insert(file.path().filename().string());
        return names;
    };
    auto const before = stored();
    REQUIRE(before.size() == 2);
    auto const loaded = bench.patch("lp_2").sha256 + ".ko";
    REQUIRE(before.contains(loaded));
    std::filesystem::remove(bench.stored() / loaded);
    bench.start();
    bench.run();
    CHECK(stored() == before);
    CHECK(bench.report().health_reasons.empty());
}

TEST_CASE("what was good stays stored over a reboot, for the patch that turns out to do harm") {
    CumulativeBench bench;
    bench.reboot(EngineBench::End::clean);
    bench.start();
    bench.finish_transition();
    bench.put_patch({.name = "lp_3", .replace = true});
    bench.refresh();
    bench.finish_transition();
    bench.run();
    REQUIRE(bench.patch("lp_3").state == PatchState::enabled);
    bench.hold_sources();
    bench.kernel_says(warning_in("lp_3_show+0x9/0x20 [lp_3]"));
    CHECK(bench.last_call() == "load lp_1");
}

TEST_CASE("a harmful patch leaves before the sources were read once") {
    ProvingBench bench;
    bench.start_slowly();
    bench.hold_sources();
    bench.run();
    auto const calls = bench.kernel.calls().size();
    bench.put_patch({.name = "lp_two"});
    bench.kernel_says(warning_in("lp_one_show+0x9/0x20 [lp_one]"));
    CHECK(bench.kernel.calls().back() == "disable lp_one");
    CHECK(bench.kernel.calls().size() == calls + 1);
    bench.hold_sources(false);
    bench.finish_transition();
    CHECK(bench.is_loaded("lp_two"));
}
