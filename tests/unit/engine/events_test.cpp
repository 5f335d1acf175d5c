// What events tell beside what happened: of what, who asked for it, how long it took, what it
// waited for.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using report::EventKind;
using report::Trigger;
using support::EngineBench;
using Strings = std::vector<std::string>;

namespace {

report::Caller const admin{.uid = 1000, .sender = ":1.7", .unit = "session-3.scope"};
engine::Options const asked{.reason = "CVE-2026-1", .caller = admin};

// The newest of that kind.
report::Event event(EngineBench const& bench, EventKind kind) {
    for (auto one = bench.whole_events.rbegin(); one != bench.whole_events.rend(); ++one)
        if (one->kind == kind)
            return *one;
    FAIL("no event " << name(kind));
    return {};
}

void check_asked(report::Event const& event) {
    INFO(name(event.kind));
    CHECK(event.trigger == Trigger::request);
    CHECK(event.caller == admin);
    CHECK(event.reason == "CVE-2026-1");
}

} // namespace

TEST_CASE("an event says of what and where") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one", .version = "2.1"});
    bench.start();
    bench.finish_transition();
    for (auto const kind : {EventKind::loaded, EventKind::enabled}) {
        auto const it = event(bench, kind);
        CHECK(it.patch == "lp_one");
        CHECK(it.id == "lp_one");
        CHECK(it.version == "2.1");
        CHECK(it.sha256.size() == 64);
        CHECK(it.source == "test");
        CHECK(it.signer.starts_with("test key"));
        CHECK(it.kernel_release == "6.1.0-56-amd64");
        CHECK(it.boot_id == kernel::identify(bench.tree.root())->boot_id);
        CHECK(it.trigger == Trigger::daemon);
        CHECK(it.caller == report::Caller());
    }
}

TEST_CASE("what an admin asked for bears his name to its end") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    REQUIRE(bench.apply("lp_one", asked));
    bench.finish_transition();
    for (auto const kind : {EventKind::loaded, EventKind::enabled})
        check_asked(event(bench, kind));
    engine::Options const taken_out{.reason = "CVE-2026-1", .caller = admin};
    REQUIRE(bench.revert("lp_one", taken_out));
    bench.finish_transition();
    bench.advance(5s);
    for (auto const kind :
         {EventKind::held, EventKind::disabling, EventKind::disabled, EventKind::removed})
        check_asked(event(bench, kind));
    CHECK(event(bench, EventKind::removed).signer.starts_with("test key"));
}

TEST_CASE("holds and pauses bear a name too") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    auto const nothing = [](auto const&) {};
    bench.engine().hold("lp_one", asked, nothing);
    bench.engine().unhold("lp_one", asked, nothing);
    bench.engine().pause(asked, nothing);
    bench.engine().resume(asked, nothing);
    bench.run();
    for (auto const kind :
         {EventKind::held, EventKind::unheld, EventKind::paused, EventKind::resumed})
        check_asked(event(bench, kind));
    CHECK(event(bench, EventKind::paused).message == "nothing is loaded any more: CVE-2026-1");
    CHECK(event(bench, EventKind::held).patch == "lp_one");
}

TEST_CASE("what the daemon does after an admin's act is its own again") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    REQUIRE(bench.revert("lp_one", asked));
    bench.finish_transition();
    bench.advance(5s);
    check_asked(event(bench, EventKind::removed));
    REQUIRE(bench.unhold("lp_one"));
    bench.finish_transition();
    CHECK(event(bench, EventKind::enabled).trigger == Trigger::daemon);
    CHECK(event(bench, EventKind::enabled).caller == report::Caller());
}

TEST_CASE("what another tool did is nobody's of ours, to its end") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    REQUIRE(bench.apply("lp_one", asked));
    bench.finish_transition();
    bench.kernel.foreign_disable("lp_one");
    bench.notice();
    bench.finish_transition();
    bench.advance(5s);
    for (auto const kind : {EventKind::foreign_change, EventKind::disabled, EventKind::removed}) {
        auto const it = event(bench, kind);
        INFO(name(kind));
        CHECK(it.trigger == Trigger::other_tool);
        CHECK(it.caller == report::Caller());
        CHECK(it.reason.empty());
    }
}

TEST_CASE("what was replaced was replaced by whoever had the other one loaded") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_old"});
    bench.put_patch({.name = "lp_new", .replace = true});
    bench.start();
    REQUIRE(bench.apply("lp_old"));
    bench.finish_transition();
    REQUIRE(bench.apply("lp_new", asked));
    bench.finish_transition();
    auto const replaced = event(bench, EventKind::replaced);
    CHECK(replaced.patch == "lp_old");
    check_asked(replaced);
    CHECK(replaced.durations == report::Durations());
}

TEST_CASE("a failure bears the name of who asked for it") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.kernel.refuse(
        "lp_one",
        base::Error{
            .code = base::Errc::load_failed, .subject = "lp_one", .cause = "no", .remedy = {}}
    );
    REQUIRE(bench.apply("lp_one", asked));
    check_asked(event(bench, EventKind::load_failed));
}

TEST_CASE("an event tells how long the stages took that are over") {
    EngineBench bench;
    bench.hold_sources();
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start_slowly();
    bench.hold_sources(false);
    bench.run();
    bench.hold_sources();
    bench.hold_kernel();
    (void)bench.apply("lp_one", asked);
    bench.advance(70ms);
    bench.hold_sources(false);
    bench.run();
    bench.advance(300ms);
    bench.hold_kernel(false);
    bench.run();
    auto const loaded = event(bench, EventKind::loaded);
    CHECK(loaded.durations.verify == 70ms);
    CHECK(loaded.durations.load == 300ms);
    CHECK(loaded.durations.transition == 0ms);
    bench.advance(5s);
    bench.finish_transition();
    auto const enabled = event(bench, EventKind::enabled);
    CHECK(enabled.durations.verify == 70ms);
    CHECK(enabled.durations.load == 300ms);
    CHECK(enabled.durations.transition == 5s);
}

TEST_CASE("the end of a transition names the tasks it waited for") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.stall("lp_one");
    kernel::TaskScan scan;
    for (pid_t tid = 1; tid <= 20; ++tid)
        scan.tasks.push_back({.pid = tid, .tid = tid, .comm = "task", .state = 'S'});
    bench.scanner.answer = scan;
    bench.start();
    bench.advance(5s);
    CHECK(event(bench, EventKind::loaded).blockers.empty());
    bench.scanner.answer = kernel::TaskScan();
    bench.advance(2s);
    bench.kernel.release("lp_one");
    bench.finish_transition();
    auto const blockers = event(bench, EventKind::enabled).blockers;
    REQUIRE(blockers.size() == engine::Courses::most_blockers);
    CHECK(blockers.front().starts_with("task[1]: "));
}
