// Following what moves, waiting for others, and adopting what is found.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

#include <cstddef>
#include <random>
#include <string>

using namespace livepatch;
using base::Errc;
using base::PatchState;
using report::Disposition;
using support::EngineBench;
using Strings = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

base::Error busy() {
    return {
        .code = Errc::busy,
        .subject = "lp_one",
        .cause = "another livepatch is in transition",
        .remedy = {},
        .os_error = EBUSY};
}

kernel::TaskScan two_tasks() {
    return {
        .tasks =
            {{.pid = 7, .tid = 7, .comm = "kworker", .kthread = true, .state = 'S'},
             {.pid = 9, .tid = 10, .comm = "db", .unit = "db.service", .state = 'D'}},
        .unreadable = 0};
}

// Whatever happens to a host whose transitions take their time; the answer says what.
class Turmoil {
public:
    explicit Turmoil(unsigned seed) : random_(seed) {
        for (int i = 0; i < patches; ++i)
            bench.put_patch({.name = lp(i), .replace = i == patches - 1});
        bench.start();
    }

    EngineBench bench;

    std::string happen() {
        auto const name = lp(pick(patches));
        switch (pick(10)) {
        case 0:
        case 1:
            bench.apply(name);
            return "apply " + name;
        case 2:
            bench.apply_all();
            return "apply all";
        case 3:
        case 4:
            bench.revert(name);
            return "revert " + name;
        case 5:
            bench.unhold(name);
            return "unhold " + name;
        case 6:
            bench.start(); // another daemon
            return "restart";
        case 7:
            bench.advance(500ms);
            return "half a second";
        default:
            bench.finish_transition();
            return "the transition ends";
        }
    }

private:
    static constexpr int patches = 4;

    static std::string lp(int number) { return "lp_" + std::to_string(number); }

    int pick(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

    std::minstd_rand random_;
};

} // namespace

TEST_CASE("whatever is asked for while the kernel moves, it gets one change at a time") {
    std::size_t calls = 0;
    for (unsigned seed = 1; seed <= 40; ++seed) {
        Turmoil host(seed);
        std::string story;
        for (int i = 0; i < 30; ++i) {
            story += host.happen() + "; ";
            INFO("seed " << seed << ": " << story);
            REQUIRE(host.bench.kernel.overlaps() == 0);
        }
        calls += host.bench.kernel.calls().size();
    }
    CHECK(calls > 200); // there was something to ask for
}

TEST_CASE("while something moves the kernel is looked at every 200 ms, and then not any more") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.clock.armed() == 1);
    bench.kernel.finish_transition(); // nobody says so
    bench.advance(200ms);
    CHECK(bench.reports.back().patches[0].state == PatchState::enabled);
    CHECK(bench.clock.armed() == 0);
    auto const reports = bench.reports.size();
    bench.advance(24h);
    CHECK(bench.reports.size() == reports);
}

TEST_CASE("nothing is armed when there is nothing to do") {
    EngineBench bench;
    bench.start();
    CHECK(bench.clock.armed() == 0);
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.clock.armed() == 0);
    bench.kernel.foreign_load("foreign");
    bench.finish_transition();
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("a stalled transition is shown with the tasks it waits for") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.stall("lp_one");
    bench.scanner.answer = two_tasks();
    bench.start();
    bench.advance(30s);
    auto patch = bench.patch("lp_one");
    CHECK(patch.state == PatchState::enabling);
    REQUIRE(patch.transition);
    CHECK(patch.transition->tasks_remaining == 2);
    CHECK(patch.transition->since == support::SimulatedClock::begin);
    auto const scans = bench.scanner.targets.size();
    CHECK(scans >= 25);
    CHECK(scans <= 31); // one a second

    auto const ask = [&] {
        engine::Engine::SharedBlockers answer;
        bench.engine().blockers([&](auto const& blockers) { answer = blockers.value(); });
        bench.run();
        REQUIRE(answer);
        return answer;
    };
    auto const answer = ask();
    CHECK(answer->patch == "lp_one");
    CHECK(answer->since == support::SimulatedClock::begin);
    CHECK(answer->tasks.size() == 2);
    CHECK(answer->tasks[1].task.unit == "db.service");
    CHECK(ask() == answer); // the same one for all, until the next scan
    bench.advance(1s);
    CHECK(ask() != answer);

    bench.scanner.answer = kernel::TaskScan{};
    bench.revert("lp_one");
    bench.advance(1s);
    patch = bench.patch("lp_one");
    CHECK(patch.state == PatchState::disabling);
    CHECK(patch.transition->tasks_remaining == 0);
    CHECK(patch.transition->since > support::SimulatedClock::begin);
    CHECK(bench.scanner.targets.back() == 0); // now it waits for those that are still patched
}

TEST_CASE("without a transition nothing blocks") {
    EngineBench bench;
    bench.start();
    engine::Engine::SharedBlockers answer;
    bench.engine().blockers([&](auto const& blockers) { answer = blockers.value(); });
    REQUIRE(answer);
    CHECK(answer->patch.empty());
    CHECK(answer->tasks.empty());
    CHECK(bench.scanner.targets.empty());
}

TEST_CASE("tasks that cannot be listed are an error for who asks, and no more") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.scanner.answer =
        base::Error{.code = Errc::failed, .subject = "/proc", .cause = "gone", .remedy = {}};
    bench.start();
    std::optional<base::Error> error;
    bench.engine().blockers([&](auto const& blockers) { error = blockers.error(); });
    bench.run();
    CHECK(error->cause == "gone");
    CHECK(bench.patch("lp_one").transition->tasks_remaining == 0);
}

TEST_CASE("tasks that could not be looked at are a matter of health while the transition runs") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    auto scan = two_tasks();
    scan.unreadable = 1;
    bench.scanner.answer = scan;
    bench.start();
    bench.advance(2s);
    CHECK(bench.report().health == report::Health::degraded);
    REQUIRE(bench.report().health_reasons.size() == 1);
    CHECK(bench.report().health_reasons[0].starts_with("tasks-unseen: 1 tasks cannot"));
    bench.kernel.finish_transition();
    bench.advance(2s);
    CHECK(bench.report().health == report::Health::ok);
}

TEST_CASE("a transition of another tool is waited for") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.foreign_load("foreign");
    bench.start();
    CHECK(bench.kernel.calls().empty());
    CHECK_FALSE(bench.apply("lp_one"));
    bench.advance(1min);
    CHECK(bench.kernel.calls().empty());
    bench.finish_transition();
    CHECK(bench.answer()->has_value());
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
}

TEST_CASE("one that begins between look and load is waited for, too") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.hold_kernel();
    CHECK_FALSE(bench.apply("lp_one"));
    bench.kernel.foreign_load("foreign");
    bench.hold_kernel(false);
    bench.run();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    CHECK_FALSE(bench.answer());
    bench.finish_transition();
    bench.advance(1s);
    REQUIRE(bench.answer());
    CHECK(bench.answer()->has_value());
    CHECK(bench.events == Strings{"foreign-change foreign", "loaded lp_one"});
}

TEST_CASE("a kernel that stays busy refuses in the end") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.refuse("lp_one", busy());
    bench.start();
    CHECK_FALSE(bench.apply("lp_one"));
    bench.advance(3min);
    REQUIRE(bench.answer());
    CHECK(bench.answer()->error().code == Errc::busy);
    CHECK(bench.kernel.calls().size() == 21);
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("what is loaded by itself keeps its order when the kernel is busy") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"}, "1.ko");
    bench.put_patch({.name = "lp_two"}, "2.ko");
    bench.kernel.refuse("lp_one", busy());
    bench.start();
    bench.advance(1s);
    for (auto const& call : bench.kernel.calls())
        CHECK(call == "load lp_one");
    bench.kernel.refuse("lp_one", std::nullopt);
    bench.advance(10s);
    CHECK(bench.kernel.calls().back() == "load lp_one");
    bench.finish_transition();
    CHECK(bench.kernel.calls().back() == "load lp_two");
}

TEST_CASE("a daemon that starts in the middle of a transition takes it over") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.stall("lp_one");
    bench.start();
    auto const sha256 = bench.patch("lp_one").sha256;
    bench.events.clear();
    bench.start();
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    CHECK(bench.patch("lp_one").sha256 == sha256);
    bench.kernel.release("lp_one");
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK(bench.events == Strings{"enabled lp_one"});
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
}

TEST_CASE("a daemon killed between the record and the load tries it once more") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start_slowly();
    bench.hold_kernel();
    bench.run();
    CHECK(bench.report().stage == report::Stage::loading);
    bench.start();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
}

TEST_CASE("a daemon killed after the load, before it heard of it, knows it for its own") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start_slowly();
    bench.hold_kernel();
    bench.run();
    bench.kill();
    bench.kernel.foreign_load("lp_one"); // what the kernel went on doing
    bench.start();
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK(bench.kernel.calls().empty());
}

TEST_CASE("a revert that was recorded and not begun is brought to its end") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.hold_kernel();
    CHECK_FALSE(bench.revert("lp_one"));
    bench.start();
    CHECK(bench.patch("lp_one").state == PatchState::disabling);
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
}

TEST_CASE("what an earlier boot loaded is not missed, and loaded again") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    bench.finish_transition();
    bench.finish_transition();
    bench.revert("lp_two");
    bench.finish_transition();
    bench.reboot(EngineBench::End::clean);
    bench.events.clear();
    bench.start();
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.patch("lp_two").disposition == Disposition::held);
    CHECK(bench.events == Strings{"loaded lp_one"});
}

TEST_CASE("a kernel that cannot be read is no kernel without patches") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    bench.finish_transition();
    bench.finish_transition();
    bench.events.clear();
    std::filesystem::rename(bench.tree.path() / "sys/module", bench.tree.path() / "sys/away");
    bench.notice();
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK(bench.report().health == report::Health::degraded);
    CHECK_FALSE(bench.revert("lp_one")); // not in the blind
    std::filesystem::rename(bench.tree.path() / "sys/away", bench.tree.path() / "sys/module");
    bench.advance(1s);
    CHECK(bench.answer()->has_value());
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.patch("lp_two").disposition == Disposition::managed);
    CHECK(bench.report().health == report::Health::ok);
}

TEST_CASE("reading the report looks at the kernel, and finds what nobody told") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.kernel.foreign_disable("lp_one");
    bench.kernel.finish_transition();
    CHECK(bench.patch("lp_one").disposition == Disposition::held); // no event came
    bench.run();
    CHECK_FALSE(bench.is_loaded("lp_one")); // and it was acted upon
}

TEST_CASE("a handler that reads the report does not get one from within itself") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    int depth = 0;
    int deepest = 0;
    bench.engine().on_report([&](report::Report const&) {
        deepest = std::max(deepest, ++depth);
        bench.clock.advance_to(bench.clock.now() + 1s);
        bench.kernel.finish_transition();
        (void)bench.engine().report();
        --depth;
    });
    bench.notice();
    bench.finish_transition();
    CHECK(deepest == 1);
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
}

TEST_CASE("a requester who asks for the next thing in its answer gets it") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bool reverted = false;
    bench.engine().apply("lp_one", {}, [&](auto const&) {
        bench.engine().revert("lp_one", {}, [&](auto const& result) {
            reverted = result.has_value();
        });
    });
    bench.run();
    CHECK(reverted);
    CHECK(bench.patch("lp_one").state == PatchState::disabling);
}

TEST_CASE("a transition that was there before the daemon began with our load, or nobody knows when"
) {
    EngineBench bench;
    SECTION("ours") {
        bench.put_patch({.name = "lp_one"});
        bench.start();
        bench.advance(1min);
        bench.start();
        auto const transition = bench.patch("lp_one").transition;
        REQUIRE(transition);
        CHECK(transition->since == support::SimulatedClock::begin);
    }
    SECTION("another tool's") {
        bench.kernel.foreign_load("foreign");
        bench.start();
        auto const transition = bench.patch("foreign").transition;
        REQUIRE(transition);
        CHECK(transition->since == report::Time());
        bench.finish_transition();
        bench.advance(1min);
        bench.kernel.foreign_disable("foreign");
        bench.notice();
        CHECK(bench.patch("foreign").transition->since > report::Time());
    }
}
