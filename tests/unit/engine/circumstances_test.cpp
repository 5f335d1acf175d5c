// What changes around the engine: its settings, where it runs, and what others complain of.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

using namespace livepatch;
using base::PatchState;
using report::Disposition;
using namespace std::chrono_literals;
using support::EngineBench;
using Strings = std::vector<std::string>;

namespace {

engine::Settings settings(EngineBench const& bench, report::Mode mode) {
    return {
        .sources = {{.name = "test", .path = bench.source(), .keys = {}}},
        .mode = mode,
        .without_crash_guard = false};
}

bool reconfigure(EngineBench& bench, engine::Settings settings) {
    bool done = false;
    bench.engine().reconfigure(std::move(settings), [&](auto const&) { done = true; });
    bench.run();
    return done;
}

} // namespace

TEST_CASE("a complaint is a reason of health until it is over") {
    EngineBench bench;
    bench.start();
    bench.engine().complain("some-code", {"one", "two"});
    bench.run();
    CHECK(bench.report().health == report::Health::degraded);
    CHECK(bench.report().health_reasons == Strings{"some-code: one", "some-code: two"});
    auto const count = bench.reports.size();
    bench.engine().complain("some-code", {"one", "two"});
    bench.run();
    CHECK(bench.reports.size() == count);
    bench.engine().complain("some-code", {});
    bench.run();
    CHECK(bench.report().health == report::Health::ok);
    CHECK(bench.report().health_reasons.empty());
}

TEST_CASE("in a container nothing is loaded by itself") {
    EngineBench bench;
    bench.tree.write("run/systemd/container", "lxc\n");
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_one").reason == "not loaded by itself: container");
    REQUIRE(bench.report().health_reasons.size() == 1);
    CHECK(bench.report().health_reasons[0].starts_with("container: "));
    CHECK(bench.apply("lp_one")->has_value());
}

TEST_CASE("a mode that changes is obeyed at once") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.kernel.calls().empty());
    CHECK(reconfigure(bench, settings(bench, report::Mode::automatic)));
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    bench.finish_transition();
    CHECK(reconfigure(bench, settings(bench, report::Mode::manual)));
    CHECK(bench.report().mode == report::Mode::manual);
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
}

TEST_CASE("mode and sources change together, and nothing is loaded by itself in between") {
    EngineBench bench;
    support::TemporaryDirectory const other;
    auto const with = [&](std::filesystem::path const& source, report::Mode mode) {
        return engine::Settings{
            .sources = {{.name = "test", .path = source, .keys = {}}},
            .mode = mode,
            .without_crash_guard = false};
    };
    bool done = false;
    auto const begin = [&](engine::Settings settings) {
        bench.engine().reconfigure(std::move(settings), [&](auto const&) { done = true; });
        bench.run();
        CHECK_FALSE(done);
    };
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.hold_sources();
    SECTION("what was offered before is not what is automatic now") {
        begin(with(other.path(), report::Mode::automatic));
        CHECK(bench.report().mode == report::Mode::manual);
        bench.hold_sources(false);
        bench.run();
        CHECK(done);
        CHECK(bench.report().mode == report::Mode::automatic);
        CHECK(bench.report().patches.empty());
        CHECK(bench.kernel.calls().empty());
    }
    SECTION("nor does a reading that began before bring it") {
        bench.engine().refresh();
        begin(with(other.path(), report::Mode::automatic));
        bench.hold_sources(false);
        bench.run();
        CHECK(bench.report().mode == report::Mode::automatic);
        CHECK(bench.kernel.calls().empty());
    }
    SECTION("the later of two counts") {
        begin(with(bench.source(), report::Mode::automatic));
        begin(with(bench.source(), report::Mode::manual));
        bench.hold_sources(false);
        bench.run();
        CHECK(bench.report().mode == report::Mode::manual);
        CHECK(bench.kernel.calls().empty());
    }
}

TEST_CASE("who makes it manual has nothing more loaded by itself, though a source hangs") {
    EngineBench bench;
    bench.start();
    bench.hold_sources();
    bench.put_patch({.name = "lp_one"});
    bench.refresh(); // brings it while the mode is still the old one
    bench.engine().reconfigure(settings(bench, report::Mode::manual), {});
    bench.hold_sources(false);
    bench.run();
    CHECK(bench.report().mode == report::Mode::manual);
    CHECK(bench.patch("lp_one").disposition == Disposition::available);
    CHECK(bench.kernel.calls().empty());
}

TEST_CASE("a source that is taken away takes no patch with it") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    CHECK(reconfigure(bench, {.sources = {}, .mode = report::Mode::automatic}));
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
}

TEST_CASE("a patch whose source goes while it is verified is not loaded") {
    EngineBench bench;
    bench.start();
    bench.put_patch({.name = "lp_one"});
    bench.hold_sources();
    bench.engine().refresh();
    bench.engine().reconfigure({.sources = {}, .mode = report::Mode::automatic}, {});
    bench.hold_sources(false);
    bench.run();
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_one").state == PatchState::absent);
}

TEST_CASE("a source that hangs keeps nobody from what is in the kernel") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.start_slowly(); // the next one
    bench.hold_sources();
    bench.run();
    CHECK_FALSE(bench.started);
    bench.advance(10s);
    CHECK(bench.started);
    REQUIRE(bench.report().health_reasons.size() == 1);
    CHECK(bench.report().health_reasons[0].starts_with(
        "sources-not-read: the sources have not answered for 10 s"
    ));
    CHECK(bench.patch("lp_one").state == PatchState::enabled);

    bench.revert("lp_one");
    bench.finish_transition();
    bench.advance(10s);
    CHECK_FALSE(bench.is_loaded("lp_one"));
    REQUIRE(bench.answer());
    CHECK(bench.answer()->has_value());

    bench.hold_sources(false);
    bench.advance(10s);
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.report().health == report::Health::ok);
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
}
