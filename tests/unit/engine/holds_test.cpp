// What admins do not want: holds, pins, pauses and kill switches, in a running engine.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

#include <filesystem>

using namespace livepatch;
using base::Errc;
using base::PatchState;
using report::Disposition;
using support::EngineBench;
using support::ModuleFile;
using Strings = std::vector<std::string>;

namespace {

bool has(Strings const& words, std::string const& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool refused(EngineBench::Answer const& answer, Errc code) {
    return answer && !*answer && answer->error().code == code;
}

bool done(EngineBench::Answer const& answer) {
    return answer && answer->has_value();
}

// Everything that was begun has ended.
void settle_down(EngineBench& bench) {
    for (int i = 0; i < 6; ++i)
        bench.finish_transition();
}

} // namespace

TEST_CASE("a hold keeps a patch out until it is lifted") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.start();
    bench.put_patch({.name = "lp"});
    bench.refresh();
    CHECK(done(bench.hold("lp", "not on Fridays")));
    CHECK(bench.patch("lp").disposition == Disposition::held);
    CHECK(bench.patch("lp").reason == "not on Fridays");
    CHECK(has(bench.patch("lp").flags, "held"));
    CHECK(has(bench.events, "held lp"));
    CHECK(refused(bench.apply("lp"), Errc::held));
    CHECK(refused(bench.apply("lp", {.dry_run = true}), Errc::held));
    CHECK(done(bench.apply_all()));
    CHECK(bench.kernel.calls().empty());

    SECTION("again is success, and may say another reason") {
        CHECK(done(bench.hold("lp", "")));
        CHECK(bench.patch("lp").reason == "not on Fridays");
        CHECK(done(bench.hold("lp", "nor on Mondays")));
        CHECK(bench.patch("lp").reason == "nor on Mondays");
    }
    SECTION("it outlasts the daemon, the reboot and the file") {
        bench.mode = report::Mode::automatic;
        bench.tree.write("proc/sys/kernel/random/boot_id", "another\n");
        bench.start();
        CHECK(bench.kernel.calls().empty());
        bench.remove_patch("lp.ko");
        bench.refresh();
        CHECK(done(bench.hold("lp", "")));
        bench.put_patch({.name = "lp", .version = "2"}); // all versions
        bench.refresh();
        CHECK(bench.patch("lp").disposition == Disposition::held);
        CHECK(done(bench.unhold("lp")));
        CHECK(bench.kernel.calls() == Strings{"load lp"});
        CHECK(has(bench.events, "unheld lp"));
    }
    SECTION("it is durable when it is answered") {
        bench.hold_disk();
        CHECK_FALSE(bench.unhold("lp"));
        bench.hold_disk(false);
        bench.run();
        CHECK(done(bench.answer()));
    }
    CHECK(done(bench.unhold("lp")));
    CHECK(done(bench.unhold("lp"))); // already so
}

TEST_CASE("nobody holds what nobody knows") {
    EngineBench bench;
    bench.start();
    CHECK(refused(bench.hold("lp", "x"), Errc::not_found));
    CHECK(refused(bench.unhold("lp"), Errc::not_found));
}

TEST_CASE("a hold leaves in the kernel what is there, and a revert takes it out") {
    EngineBench bench;
    bench.put_patch({.name = "lp"});
    bench.start();
    settle_down(bench);
    CHECK(done(bench.hold("lp", "as it is")));
    CHECK(bench.patch("lp").state == PatchState::enabled);
    CHECK(bench.patch("lp").disposition == Disposition::held);
    CHECK(done(bench.apply("lp"))); // it is there already
    CHECK(done(bench.revert("lp")));
    settle_down(bench);
    CHECK(bench.patch("lp").state == PatchState::absent);
    CHECK(refused(bench.apply("lp"), Errc::held));
    CHECK(done(bench.unhold("lp"))); // both holds
    CHECK(bench.kernel.calls() == Strings{"load lp", "disable lp", "remove lp", "load lp"});
}

TEST_CASE("a request that waits is refused when a hold or a pause comes in between") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp"});
    bench.start();
    bench.kernel.foreign_load("foreign");
    bench.notice();
    CHECK_FALSE(bench.apply("lp")); // its transition is waited for
    Errc expected{};
    std::optional<base::Result<void>> answer;
    bench.engine().apply("lp", {}, [&](auto const& result) {
        answer = result ? base::Result<void>() : base::Result<void>(result.error());
    });
    if (GENERATE(true, false)) {
        CHECK(done(bench.hold("lp", "no")));
        expected = Errc::held;
    } else {
        CHECK(done(bench.pause("no")));
        expected = Errc::paused;
    }
    CHECK(refused(answer, expected));
    settle_down(bench);
    CHECK(bench.kernel.calls().empty());
}

TEST_CASE("while it is paused nothing is loaded, and reverts go on") {
    EngineBench bench;
    bench.put_patch({.name = "lp_1"});
    bench.start();
    settle_down(bench);
    CHECK(done(bench.pause("a release")));
    CHECK(bench.report().health == report::Health::degraded);
    CHECK(bench.report().health_reasons == Strings{"paused: a release"});
    CHECK(bench.report().mode == report::Mode::automatic);
    CHECK(has(bench.events, "paused "));
    bench.put_patch({.name = "lp_2"});
    bench.refresh();
    CHECK(bench.patch("lp_2").disposition == Disposition::available);
    CHECK(refused(bench.apply("lp_2"), Errc::paused));
    CHECK(refused(bench.apply_all(), Errc::paused));
    CHECK(done(bench.apply("lp_1"))); // it is there already
    bench.start();                    // it outlasts the daemon
    CHECK(refused(bench.apply("lp_2"), Errc::paused));
    CHECK(done(bench.revert("lp_1")));
    settle_down(bench);
    CHECK(bench.kernel.calls() == Strings{"load lp_1", "disable lp_1", "remove lp_1"});
    CHECK(done(bench.pause(""))); // already so
    CHECK(bench.report().health_reasons == Strings{"paused: a release"});
    CHECK(done(bench.resume()));
    CHECK(bench.kernel.calls().back() == "load lp_2");
    CHECK(has(bench.events, "resumed "));
    settle_down(bench);
    CHECK(bench.report().health == report::Health::ok);
    CHECK(done(bench.resume()));
}

TEST_CASE("the kill switches do the same") {
    EngineBench bench;
    bench.put_patch({.name = "lp"});
    bool const by_file = GENERATE(true, false);
    if (by_file)
        bench.directory.write("disable", "");
    else
        bench.tree.write("proc/cmdline", "livepatchd.apply=0\n");
    bench.start();
    CHECK(bench.kernel.calls().empty());
    REQUIRE(bench.report().health_reasons.size() == 1);
    CHECK(bench.report().health_reasons[0].starts_with("switched-off: switched off by "));
    CHECK(refused(bench.apply("lp"), Errc::paused));
    CHECK(done(bench.resume())); // is no way round it
    CHECK(refused(bench.apply("lp"), Errc::paused));
    if (!by_file)
        return;
    std::filesystem::remove(bench.directory.path() / "disable");
    bench.refresh();
    CHECK(bench.kernel.calls() == Strings{"load lp"});
}

TEST_CASE("an older version that was asked for stays, over the daemon and a reboot") {
    EngineBench bench;
    bench.put_patch({.name = "lp_1", .replace = true});
    bench.put_patch({.name = "lp_2", .replace = true});
    bench.start();
    settle_down(bench);
    CHECK(bench.kernel.calls() == Strings{"load lp_2"});
    CHECK(bench.patch("lp_1").disposition == Disposition::replaced);
    CHECK(done(bench.apply("lp_1")));
    settle_down(bench);
    CHECK(bench.patch("lp_1").state == PatchState::enabled);
    CHECK(has(bench.patch("lp_1").flags, "pinned"));
    CHECK(bench.patch("lp_2").state == PatchState::absent);
    CHECK(bench.patch("lp_2").disposition == Disposition::held);
    CHECK(bench.kernel.calls() == Strings{"load lp_2", "load lp_1", "remove lp_2"});

    SECTION("until it is lifted") {
        bench.put_patch({.name = "lp_3", .replace = true});
        bench.refresh();
        bench.start();
        CHECK(bench.kernel.calls().back() == "remove lp_2");
        CHECK(done(bench.unhold("lp_1")));
        CHECK(bench.kernel.calls().back() == "load lp_3");
    }
    SECTION("or a newer one is asked for") {
        CHECK(done(bench.apply("lp_2")));
        settle_down(bench);
        CHECK(bench.patch("lp_2").state == PatchState::enabled);
        CHECK_FALSE(has(bench.patch("lp_2").flags, "pinned"));
        CHECK(bench.patch("lp_1").disposition == Disposition::replaced);
    }
    SECTION("a newer one that is refused changes nothing") {
        bench.kernel.refuse(
            "lp_2",
            base::Error{.code = Errc::load_failed, .subject = "lp_2", .cause = "no", .remedy = {}}
        );
        CHECK(refused(bench.apply("lp_2"), Errc::load_failed));
        bench.put_patch({.name = "lp_3", .replace = true});
        bench.refresh();
        CHECK(bench.kernel.calls().back() == "load lp_2");
        CHECK(has(bench.patch("lp_1").flags, "pinned"));
    }
}

TEST_CASE("an older version that the kernel refuses is not pinned") {
    EngineBench bench;
    bench.put_patch({.name = "lp_1", .replace = true});
    bench.put_patch({.name = "lp_2", .replace = true});
    bench.start();
    settle_down(bench);
    bench.kernel.refuse(
        "lp_1",
        base::Error{.code = Errc::load_failed, .subject = "lp_1", .cause = "no", .remedy = {}}
    );
    CHECK(refused(bench.apply("lp_1"), Errc::load_failed));
    bench.put_patch({.name = "lp_3", .replace = true});
    bench.refresh();
    CHECK(bench.kernel.calls().back() == "load lp_3");
}

TEST_CASE("an older version that is there already is pinned when it is asked for") {
    EngineBench bench;
    bench.put_patch({.name = "lp_1", .replace = true});
    bench.start();
    settle_down(bench);
    bench.mode = report::Mode::manual;
    bench.start();
    bench.put_patch({.name = "lp_2", .replace = true});
    bench.refresh();
    CHECK(done(bench.apply("lp_1")));
    bench.mode = report::Mode::automatic;
    bench.start();
    CHECK(bench.kernel.calls() == Strings{"load lp_1"});
    CHECK(has(bench.patch("lp_1").flags, "pinned"));
}

TEST_CASE("reverting everything holds also what would come in its place") {
    EngineBench bench;
    bench.put_patch({.name = "lp_1", .replace = true});
    bench.put_patch({.name = "lp_2"});
    bench.put_patch({.name = "lp_3", .replace = true});
    bench.start();
    settle_down(bench);
    if (GENERATE(true, false)) {
        CHECK(done(bench.revert_all()));
        settle_down(bench);
        CHECK(bench.kernel.calls() == Strings{"load lp_3", "disable lp_3", "remove lp_3"});
        for (auto const* name : {"lp_1", "lp_2", "lp_3"})
            CHECK(bench.patch(name).disposition == Disposition::held);
    } else {
        CHECK(done(bench.revert("lp_3")));
        settle_down(bench);
        CHECK(
            bench.kernel.calls() ==
            Strings{"load lp_3", "disable lp_3", "load lp_1", "remove lp_3", "load lp_2"}
        );
    }
}

TEST_CASE("what a cumulative patch replaced is unloaded, and stays out over the daemon's restart") {
    EngineBench bench;
    bench.put_patch({.name = "lp_1"});
    bench.put_patch({.name = "lp_2"});
    bench.start();
    settle_down(bench);
    bench.put_patch({.name = "lp_3", .replace = true});
    bench.refresh();
    settle_down(bench);
    Strings const calls{"load lp_1", "load lp_2", "load lp_3", "remove lp_1", "remove lp_2"};
    CHECK(bench.kernel.calls() == calls);
    CHECK_FALSE(bench.is_loaded("lp_1"));
    CHECK(bench.patch("lp_1").state == PatchState::absent);
    CHECK(bench.patch("lp_1").disposition == Disposition::replaced);
    CHECK(bench.patch("lp_1").reason == "replaced by lp_3");
    bench.start();
    bench.refresh();
    settle_down(bench);
    CHECK(bench.kernel.calls() == calls);
    bench.remove_patch("lp_3.ko"); // a package that is removed takes nothing back
    bench.refresh();
    bench.start();
    CHECK(bench.kernel.calls() == calls);
    CHECK(bench.report().health == report::Health::ok);
}
