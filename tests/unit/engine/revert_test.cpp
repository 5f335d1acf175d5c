// Out of the kernel, and staying out.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

using namespace livepatch;
using base::Errc;
using base::PatchState;
using report::Disposition;
using support::EngineBench;
using Strings = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

// Two patches of ours, enabled.
void start_with_two(EngineBench& bench) {
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    bench.finish_transition();
    bench.finish_transition();
    bench.events.clear();
}

} // namespace

TEST_CASE("a revert takes the patch out, unloads it and holds it") {
    EngineBench bench;
    start_with_two(bench);
    REQUIRE(bench.revert("lp_one", {.reason = "it made noise"}));
    CHECK(bench.answer()->has_value()); // accepted; the transition goes on
    CHECK(bench.patch("lp_one").state == PatchState::disabling);
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
    CHECK(bench.patch("lp_one").reason == "it made noise");
    CHECK(bench.is_loaded("lp_one"));
    bench.finish_transition();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.patch("lp_one").flags == Strings{"held", "release-only"});
    CHECK(bench.patch("lp_two").state == PatchState::enabled);
    CHECK(
        bench.events ==
        Strings{"held lp_one", "disabling lp_one", "disabled lp_one", "removed lp_one"}
    );
    bench.refresh();
    bench.advance(1h);
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.revert("lp_one")->has_value()); // already as wanted
}

TEST_CASE("what was reverted stays so over a restart, until it is applied by name") {
    EngineBench bench;
    start_with_two(bench);
    bench.revert("lp_one");
    bench.finish_transition();
    bench.start();
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
    CHECK(bench.apply_all()->has_value());
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.apply("lp_one")->has_value());
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
}

TEST_CASE("a revert before anything was loaded holds it") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.revert("lp_one")->has_value());
    bench.mode = report::Mode::automatic;
    bench.start();
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.revert("lp_none")->error().code == Errc::not_found);
}

TEST_CASE("a revert turns a transition round") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.stall("lp_one");
    bench.start();
    CHECK(bench.revert("lp_one")->has_value());
    CHECK(bench.kernel.calls() == Strings{"load lp_one", "disable lp_one"});
    CHECK(bench.patch("lp_one").state == PatchState::disabling);
    bench.kernel.release("lp_one");
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::absent);
}

TEST_CASE("an apply turns a revert round while its transition runs") {
    EngineBench bench;
    start_with_two(bench);
    bench.kernel.stall("lp_one");
    bench.revert("lp_one");
    CHECK(bench.apply("lp_one")->has_value());
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    bench.kernel.release("lp_one");
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    CHECK(bench.kernel.calls().back() == "enable lp_one");
}

TEST_CASE("an apply that comes too late to turn a revert round loads it anew") {
    EngineBench bench;
    start_with_two(bench);
    bench.revert("lp_one");
    bench.hold_kernel();
    CHECK_FALSE(bench.apply("lp_one")); // the write is on its way
    bench.kernel.finish_transition();
    bench.hold_kernel(false);
    bench.run();
    bench.advance(1s);
    CHECK(bench.answer()->has_value());
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.kernel.calls().back() == "load lp_one");
}

TEST_CASE("a revert while the module is being verified or loaded takes it out afterwards") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start_slowly();
    bench.hold_kernel();
    bench.run();
    CHECK_FALSE(bench.revert("lp_one"));
    bench.hold_kernel(false);
    bench.run();
    CHECK(bench.answer()->has_value());
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
}

TEST_CASE("the later of two requests for one patch wins, and the earlier is told") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    bench.apply("lp_two");
    bench.finish_transition();
    bench.kernel.foreign_load("foreign");

    SECTION("apply, then revert") {
        auto const first = std::make_shared<EngineBench::Answer>();
        bench.engine().apply("lp_one", {}, [first](auto const& result) {
            *first = result.error();
        });
        bench.run();
        CHECK_FALSE(first->has_value());
        CHECK(bench.revert("lp_one")->has_value());
        REQUIRE(*first);
        CHECK((*first)->error().cause == "a later request reverts it");
        bench.finish_transition();
        CHECK(bench.patch("lp_one").state == PatchState::absent);
    }
    SECTION("revert, then apply") {
        auto const first = std::make_shared<EngineBench::Answer>();
        bench.engine().revert("lp_two", {}, [first](auto const& result) { *first = result; });
        bench.run();
        CHECK_FALSE(first->has_value());
        CHECK(bench.apply("lp_two")->has_value());
        REQUIRE(*first);
        CHECK((*first)->error().cause == "a later request applies it");
        bench.finish_transition();
        CHECK(bench.patch("lp_two").state == PatchState::enabled);
        CHECK(bench.patch("lp_two").disposition == Disposition::managed);
    }
}

TEST_CASE("revert all takes out ours, the newest first, and what was about to come") {
    EngineBench bench;
    start_with_two(bench);
    bench.kernel.foreign_load("foreign");
    bench.kernel.finish_transition();
    bench.put_patch({.name = "lp_three"});
    bench.refresh();
    bench.put_patch({.name = "lp_four"}); // waits for the transition of lp_three
    bench.refresh();
    CHECK(bench.patch("lp_four").disposition == Disposition::scheduled);
    CHECK_FALSE(bench.revert_all());
    for (int i = 0; i < 6; ++i)
        bench.finish_transition();
    CHECK(bench.answer()->has_value());
    auto const calls = bench.kernel.calls();
    Strings disabled;
    for (auto const& call : calls)
        if (call.starts_with("disable"))
            disabled.push_back(call);
    CHECK(disabled == Strings{"disable lp_three", "disable lp_two", "disable lp_one"});
    bench.advance(1h);
    for (auto const* name : {"lp_one", "lp_two", "lp_three", "lp_four"})
        CHECK(bench.patch(name).state == PatchState::absent);
    CHECK(bench.patch("foreign").state == PatchState::enabled);
    CHECK(bench.revert_all()->has_value());
}

TEST_CASE("another tool's patch is shown and left alone, and taken out when asked for by name") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.kernel.foreign_load("foreign");
    bench.finish_transition();
    CHECK(bench.patch("foreign").state == PatchState::enabled);
    CHECK(bench.patch("foreign").disposition == Disposition::unmanaged);
    CHECK(bench.patch("foreign").flags.empty());
    CHECK(bench.patch("foreign").source.empty());
    CHECK(bench.revert_all());
    bench.finish_transition();
    CHECK(bench.patch("foreign").state == PatchState::enabled);

    CHECK(bench.revert("foreign")->has_value());
    CHECK(bench.patch("foreign").disposition == Disposition::unmanaged);
    bench.finish_transition();
    CHECK_FALSE(bench.is_loaded("foreign"));
    CHECK(bench.revert("foreign")->error().code == Errc::not_found);
}

TEST_CASE("what another tool left behind disabled is unloaded only when asked for by name") {
    EngineBench bench;
    bench.put_patch({.name = "foreign"});
    bench.mode = report::Mode::manual;
    bench.kernel.foreign_load("foreign");
    bench.kernel.finish_transition();
    bench.kernel.foreign_disable("foreign");
    bench.kernel.finish_transition();
    bench.start();
    CHECK(bench.patch("foreign").state == PatchState::disabled);
    CHECK(bench.patch("foreign").disposition == Disposition::unmanaged);
    CHECK(bench.apply("foreign")->error().code == Errc::conflict);
    CHECK(bench.is_loaded("foreign"));
    CHECK(bench.revert("foreign")->has_value());
    CHECK_FALSE(bench.is_loaded("foreign"));
}

TEST_CASE("a module without an exit function stays, and is said to") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.make_permanent("lp_one");
    bench.start();
    bench.finish_transition();
    bench.revert("lp_one");
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::disabled);
    CHECK(bench.patch("lp_one").flags == Strings{"permanent", "held", "release-only"});
    CHECK(bench.events.back() == "operation-failed lp_one");
    bench.advance(1h);
    CHECK(bench.kernel.calls() == Strings{"load lp_one", "disable lp_one", "remove lp_one"});
    auto const answer = bench.apply("lp_one");
    CHECK(answer->error().code == Errc::conflict);
    CHECK(answer->error().remedy == "reboot");
    CHECK(bench.clock.armed() == 0);
}

namespace {

// lp_one was reverted, and something still refers to its module.
struct ReferencedBench : EngineBench {
    ReferencedBench() {
        put_patch({.name = "lp_one"});
        kernel.pin("lp_one");
        start();
        finish_transition();
        revert("lp_one");
        finish_transition();
    }
};

} // namespace

TEST_CASE("a module that stays referenced is given up after a while") {
    ReferencedBench bench;
    bench.advance(1min);
    CHECK(bench.kernel.calls().size() == 2 + 7);
    CHECK(bench.patch("lp_one").flags == Strings{"forced", "permanent", "held", "release-only"});
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("a patch that goes looks forced for a moment, and is not") {
    ReferencedBench bench;
    for (int looks = 0; looks < 5; ++looks) {
        bench.advance(150ms);
        bench.notice();
        CHECK_FALSE(bench.report().reboot_needed);
    }
    bench.advance(1s);
    CHECK(bench.report().reboot_needed);
}

TEST_CASE("while a patch looks forced nothing is loaded by itself") {
    ReferencedBench bench;
    bench.advance(1min);
    bench.put_patch({.name = "lp_two"});
    bench.start(); // another daemon, which has to find out anew
    bench.advance(1min);
    CHECK_FALSE(bench.is_loaded("lp_two"));
    CHECK(bench.patch("lp_two").reason == "not loaded by itself: forced");
}

TEST_CASE("everything is reverted, however much it is and however often it is asked for") {
    EngineBench bench;
    constexpr std::size_t many = engine::RequestQueue::capacity + 2;
    for (std::size_t i = 0; i < many; ++i)
        bench.put_patch({.name = "lp_" + std::to_string(100 + i)});
    bench.start();
    for (std::size_t i = 0; i < many; ++i)
        bench.finish_transition();
    bench.hold_kernel();
    CHECK_FALSE(bench.revert_all()); // accepted, and not done yet
    REQUIRE(bench.revert_all());
    CHECK(bench.answer()->error().code == Errc::busy); // of each there is one that waits already
    bench.hold_kernel(false);
    bench.run();
    for (std::size_t i = 0; i < many; ++i)
        bench.finish_transition();
    bench.advance(1min);
    CHECK_FALSE(bench.is_loaded("lp_100"));
    CHECK_FALSE(bench.is_loaded("lp_" + std::to_string(99 + many)));
}

TEST_CASE("what another tool disabled or unloaded is held, over restarts") {
    EngineBench bench;
    start_with_two(bench);
    SECTION("disabled") {
        bench.kernel.foreign_disable("lp_one");
        bench.notice();
        CHECK(bench.patch("lp_one").state == PatchState::disabling);
        CHECK(bench.patch("lp_one").disposition == Disposition::held);
        bench.finish_transition();
        CHECK_FALSE(bench.is_loaded("lp_one")); // the leftover is ours to clean up
        CHECK(bench.events[0] == "foreign-change lp_one");
    }
    SECTION("disabled, seen when it was over") {
        bench.kernel.foreign_disable("lp_one");
        bench.finish_transition();
    }
    SECTION("unloaded") {
        bench.kernel.foreign_remove("lp_one");
        bench.notice();
        CHECK(bench.events == Strings{"foreign-change lp_one"});
    }
    SECTION("unloaded while the daemon was away") {
        bench.kill();
        bench.kernel.foreign_remove("lp_one");
        bench.start();
    }
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
    CHECK(bench.patch("lp_two").state == PatchState::enabled);
    bench.start();
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
    CHECK(bench.apply("lp_one")->has_value());
}

TEST_CASE("what a cumulative patch of ours replaced is unloaded and not wanted again") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"}, "1.ko");
    bench.start();
    bench.finish_transition();
    bench.put_patch({.name = "lp_all", .replace = true}, "2.ko");
    bench.refresh();
    CHECK(bench.patch("lp_all").state == PatchState::enabling);
    CHECK(bench.patch("lp_all").replace == report::Replace::yes);
    bench.finish_transition();
    CHECK(bench.patch("lp_all").state == PatchState::enabled);
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.patch("lp_one").disposition == Disposition::replaced);
    CHECK(bench.patch("lp_one").reason == "replaced by lp_all");
    CHECK_FALSE(bench.is_loaded("lp_one"));
    bench.refresh();
    bench.start();
    bench.advance(1h);
    CHECK(bench.patch("lp_one").disposition == Disposition::replaced);

    bench.revert("lp_all"); // what it replaced is wanted again
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
}

TEST_CASE("a cumulative patch is not loaded over another tool's, unless an admin says so") {
    EngineBench bench;
    bench.put_patch({.name = "lp_all", .replace = true});
    bench.kernel.foreign_load("foreign");
    bench.kernel.finish_transition();
    bench.start();
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_all").disposition == Disposition::rejected);
    CHECK(bench.apply("lp_all")->error().code == Errc::conflict);
    CHECK(bench.apply("lp_all", {.replace_unmanaged = true})->has_value());
    bench.finish_transition();
    CHECK(bench.patch("lp_all").state == PatchState::enabled);
    CHECK(bench.patch("foreign").state == PatchState::disabled);
}

TEST_CASE("an apply of what another tool loaded again lifts the hold that a revert left") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.revert("lp_one");
    bench.finish_transition();
    bench.kernel.foreign_load("lp_one"); // insmod of the same file
    bench.finish_transition();
    REQUIRE(bench.patch("lp_one").disposition == Disposition::unmanaged);

    bench.hold_disk();
    CHECK_FALSE(bench.apply("lp_one")); // before it is durable
    bench.hold_disk(false);
    bench.run();
    CHECK(bench.answer()->has_value());
    bench.kernel.foreign_disable("lp_one");
    bench.finish_transition();
    bench.kernel.foreign_remove("lp_one");
    bench.tree.write("proc/sys/kernel/random/boot_id", "another\n");
    bench.start();
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
}

TEST_CASE("a revert of what is on its way out is answered when the hold is durable") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.kernel.make_permanent("lp_one");
    bench.revert("lp_one");
    if (GENERATE(false, true)) // its transition is over, its module stays
        bench.finish_transition();
    bench.put_patch({.name = "lp_one", .version = "2"}); // a digest that is not held yet
    bench.refresh();
    bench.hold_disk();
    CHECK_FALSE(bench.revert("lp_one"));
    bench.hold_disk(false);
    bench.run();
    CHECK(bench.answer()->has_value());
}

TEST_CASE("all is applied over what another tool loaded only when that is asked for") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_all", .replace = true});
    bench.kernel.foreign_load("foreign");
    bench.kernel.finish_transition();
    bench.start();
    std::optional<Strings> applied;
    auto const take = [&](base::Result<Strings> const& names) { applied = names.value(); };
    bench.engine().apply_all({}, take);
    bench.run();
    CHECK(applied == Strings{});
    CHECK(bench.kernel.calls().empty());
    bench.engine().apply_all({.replace_unmanaged = true}, take);
    bench.run();
    CHECK(applied == Strings{"lp_all"});
    CHECK(bench.kernel.calls() == Strings{"load lp_all"});
}

TEST_CASE("a patch that may be cumulative counts as one, unless its source says otherwise") {
    EngineBench bench;
    bench.put_patch({.name = "lp_maybe", .tells_replace = false});
    bench.kernel.foreign_load("foreign");
    bench.kernel.finish_transition();
    bench.start();
    CHECK(bench.patch("lp_maybe").replace == report::Replace::unknown);
    CHECK(bench.patch("lp_maybe").disposition == Disposition::rejected);
    bench.cumulative = repository::Cumulative::no;
    bench.start();
    CHECK(bench.patch("lp_maybe").replace == report::Replace::no);
    CHECK(bench.patch("lp_maybe").state == PatchState::enabling);
}

TEST_CASE("a revert of which only the hold was recorded is carried out by the next daemon") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    auto const sha256 = bench.patch("lp_one").sha256;
    bench.kill();
    engine::StateFile file(bench.state());
    auto state = file.load().state;
    state.put(engine::Hold{.sha256 = sha256, .name = "lp_one", .reason = "reverted", .since = {}});
    file.save(state).value();
    bench.start();
    CHECK(bench.kernel.calls().back() == "disable lp_one");
    bench.finish_transition();
    bench.advance(1s);
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
}
