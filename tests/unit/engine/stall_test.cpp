// A transition that does not end.
#include "engine/stall_ladder.hpp"
#include "support/catch.hpp"
#include "support/engine_bench.hpp"
#include "world_builder.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using base::Errc;
using base::PatchState;
using engine::WorldBuilder;
using report::Disposition;
using support::EngineBench;
using Strings = std::vector<std::string>;

namespace {

struct StallingBench : EngineBench {
    StallingBench() {
        transition = {.stall_after = 20s, .reverse_after = 5min, .retries = 2, .backoff = 10min};
        put_patch({.name = "lp_one"});
        kernel.stall("lp_one");
        start();
    }

    long count(std::string const& words) const {
        return std::count(events.begin(), events.end(), words);
    }

    long loads() const {
        auto const calls = kernel.calls();
        return std::count(calls.begin(), calls.end(), "load lp_one");
    }

    // Turned round, the way back is free.
    void reverse() {
        advance(5min);
        kernel.release("lp_one");
        finish_transition();
        advance(1s);
        kernel.stall("lp_one");
    }
};

kernel::TaskScan one_task() {
    return {
        .tasks = {{.pid = 7, .tid = 7, .comm = "kworker", .kthread = true, .state = 'S'}},
        .unreadable = 0};
}

} // namespace

TEST_CASE("time that the machine sleeps does not count, nor does a clock that is set") {
    StallingBench bench;
    auto const by = GENERATE(8h, -48h);
    bench.advance(19s);
    bench.clock.shift_wall(by);
    bench.engine().notice();
    bench.advance(500ms);
    CHECK(bench.count("stalled lp_one") == 0);
    bench.advance(1s);
    CHECK(bench.count("stalled lp_one") == 1);
    bench.advance(4min);
    bench.clock.shift_wall(by);
    bench.engine().notice();
    bench.advance(1s);
    CHECK(bench.patch("lp_one").state == PatchState::enabling); // not turned round
    bench.advance(1min);
    CHECK(bench.patch("lp_one").state == PatchState::disabling);
}

TEST_CASE("the ladder: said, turned round, tried again, given up until reboot") {
    StallingBench bench;
    bench.scanner.answer = one_task();
    bench.advance(19s);
    CHECK(bench.count("stalled lp_one") == 0);
    bench.advance(2s);
    CHECK(bench.count("stalled lp_one") == 1);
    auto const& reasons = bench.report().health_reasons;
    CHECK(std::any_of(reasons.begin(), reasons.end(), [](auto const& reason) {
        return reason.starts_with("transition-stalled: lp_one enabling");
    }));
    bench.advance(4min + 30s);
    CHECK(bench.kernel.calls().back() == "load lp_one");
    bench.advance(10s);
    CHECK(bench.kernel.calls().back() == "disable lp_one");
    CHECK(bench.count("reversed lp_one") == 1);
    bench.kernel.release("lp_one");
    bench.finish_transition();
    bench.advance(1s);
    bench.kernel.stall("lp_one");
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.patch("lp_one").disposition == Disposition::scheduled);
    CHECK(bench.patch("lp_one").reason.find("(1 of 3 tries)") != std::string::npos);

    bench.advance(9min);
    CHECK(bench.loads() == 1);
    bench.advance(4min); // with a quarter more at most
    CHECK(bench.loads() == 2);
    bench.reverse();
    bench.advance(15min); // twice as long, less what has passed since it was turned round
    CHECK(bench.loads() == 2);
    bench.advance(11min);
    CHECK(bench.loads() == 3);
    bench.reverse();
    CHECK(bench.count("reversed lp_one") == 3);
    CHECK(bench.count("quarantined lp_one") == 1);
    CHECK(bench.patch("lp_one").disposition == Disposition::quarantined);
    bench.advance(48h);
    CHECK(bench.loads() == 3);
    CHECK(bench.apply("lp_one")->error().code == Errc::quarantined);

    bench.reboot(EngineBench::End::clean);
    bench.kernel.release("lp_one");
    bench.start();
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
}

TEST_CASE("what held it up is gone by the next try") {
    StallingBench bench;
    bench.reverse();
    bench.kernel.release("lp_one");
    bench.advance(13min);
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK(bench.patch("lp_one").reason.empty());
    auto const& reasons = bench.report().health_reasons;
    CHECK(reasons.empty());
}

TEST_CASE("an admin need not wait for the next try") {
    StallingBench bench;
    bench.reverse();
    bench.kernel.release("lp_one");
    CHECK(bench.apply("lp_one").value());
    CHECK(bench.loads() == 2);
}

TEST_CASE("a step that is switched off is not taken") {
    EngineBench bench; // both are
    bench.put_patch({.name = "lp_one"});
    bench.kernel.stall("lp_one");
    bench.start();
    bench.advance(2h);
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.events == Strings{"loaded lp_one"});
}

TEST_CASE("without a retry one stall is enough") {
    StallingBench bench;
    bench.transition.retries = 0;
    bench.start();
    bench.reverse();
    CHECK(bench.patch("lp_one").disposition == Disposition::quarantined);
}

TEST_CASE("a way back that does not end is said, too, and not turned round") {
    StallingBench bench;
    bench.advance(5min);
    bench.advance(6min);
    CHECK(bench.patch("lp_one").state == PatchState::disabling);
    CHECK(bench.count("stalled lp_one") == 2);
    CHECK(bench.count("reversed lp_one") == 1);
}

TEST_CASE("at boot what nobody waits behind may take its time") {
    WorldBuilder world;
    world.offer("lp");
    world.see("lp", PatchState::enabling);
    world.record("lp", engine::Stage::loaded);
    world.overdue = "lp";
    CHECK(world.steps() == Strings{"disable lp"});
    world.reverse_for_others_only = true;
    CHECK(world.steps().empty());
    world.offer("other");
    CHECK(world.steps() == Strings{"disable lp"});
    world.not_yet["sha other"] = "later";
    CHECK(world.steps().empty());
}

TEST_CASE("what has to wait keeps nothing older out") {
    WorldBuilder world;
    world.offer_from("test", "a1", module::Replace::yes);
    world.offer_from("test", "a2", module::Replace::yes);
    CHECK(world.steps() == Strings{"load a2"});
    world.not_yet["sha a2"] = "later";
    CHECK(world.judged("a2").disposition == Disposition::scheduled);
    CHECK(world.judged("a2").reason == "later");
    CHECK(world.steps() == Strings{"load a1"});
}
