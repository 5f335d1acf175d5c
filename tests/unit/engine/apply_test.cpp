// From a file in a directory into the kernel.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

#include <cerrno>

using namespace livepatch;
using base::Errc;
using base::PatchState;
using report::Disposition;
using support::EngineBench;
using Strings = std::vector<std::string>;

namespace {

base::Error refusal(Errc code = Errc::load_failed) {
    return {
        .code = code,
        .subject = "lp_one",
        .cause = "pre-patch callback failed",
        .remedy = {},
        .kernel_log = {"livepatch: pre-patch callback failed for object 'vmlinux'"}};
}

} // namespace

TEST_CASE("two patches are stacked in the order of their files, one transition after the other") {
    EngineBench bench;
    bench.put_patch({.name = "lp_two"}, "20-two.ko");
    bench.put_patch({.name = "lp_one"}, "9-one.ko");
    bench.start();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    CHECK(bench.patch("lp_two").state == PatchState::absent);
    CHECK(bench.patch("lp_two").disposition == Disposition::scheduled);
    CHECK(bench.report().stage == report::Stage::transitioning);
    CHECK(bench.report().health == report::Health::pending);

    bench.finish_transition();
    CHECK(bench.kernel.calls() == Strings{"load lp_one", "load lp_two"});
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    bench.finish_transition();
    CHECK(bench.patch("lp_two").state == PatchState::enabled);
    CHECK(bench.report().health == report::Health::ok);
    CHECK(bench.report().stage == report::Stage::idle);
    CHECK(
        bench.events ==
        Strings{"loaded lp_one", "enabled lp_one", "loaded lp_two", "enabled lp_two"}
    );
}

TEST_CASE("a file that comes later is loaded when the sources are read again") {
    EngineBench bench;
    bench.start();
    CHECK(bench.report().patches.empty());
    bench.put_patch({.name = "lp_one"});
    bench.refresh();
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
}

TEST_CASE("what is loaded is reported with all that is known about it") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one", .functions = {"cmdline_proc_show"}});
    bench.start();
    bench.finish_transition();
    auto const patch = bench.patch("lp_one");
    CHECK(patch.id == "lp_one");
    CHECK(patch.source == "test");
    CHECK(patch.sha256.size() == 64);
    CHECK(patch.signer.starts_with("test key (sha256:"));
    CHECK(patch.replace == report::Replace::no);
    CHECK(patch.loaded_at == support::SimulatedClock::begin);
    CHECK_FALSE(patch.transition);
    CHECK(patch.flags == Strings{"release-only"});
    REQUIRE(patch.functions.size() == 1);
    CHECK(patch.functions[0] == report::FunctionReport{"vmlinux", "cmdline_proc_show", true});
    REQUIRE(patch.candidates.size() == 1);
    CHECK(patch.candidates[0].chosen);
}

TEST_CASE("in manual mode nothing is loaded until it is asked for") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_one").disposition == Disposition::available);

    REQUIRE(bench.apply("lp_one"));
    CHECK(bench.answer()->has_value()); // the kernel accepted it; the transition goes on
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    bench.finish_transition();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    CHECK(bench.patch("lp_two").state == PatchState::absent);
}

TEST_CASE("an apply of what is there already is success and does nothing") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    REQUIRE(bench.apply("lp_one"));
    CHECK(bench.answer()->has_value());
    bench.finish_transition();
    REQUIRE(bench.apply("lp_one"));
    CHECK(bench.answer()->has_value());
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
}

TEST_CASE("apply all loads what is available, in order") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    for (auto const* name : {"lp_b", "lp_a", "lp_c"})
        bench.put_patch({.name = name});
    bench.start();
    bench.revert("lp_b"); // held
    CHECK_FALSE(bench.apply_all());
    bench.finish_transition();
    REQUIRE(bench.answer());
    CHECK(bench.answer()->has_value());
    CHECK(bench.kernel.calls() == Strings{"load lp_a", "load lp_c"});
    bench.finish_transition();
    REQUIRE(bench.apply_all());
    CHECK(bench.answer()->has_value());
}

TEST_CASE("a dry run says what would be and changes nothing") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_other", .release = "5.10.0"});
    bench.start();
    CHECK(bench.apply("lp_one", {.dry_run = true})->has_value());
    CHECK(bench.revert("lp_one", {.dry_run = true})->has_value());
    CHECK(bench.apply("lp_other", {.dry_run = true})->error().code == Errc::wrong_kernel);
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_one").disposition == Disposition::available);
}

TEST_CASE("an apply of a file that came this moment finds it") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.start();
    bench.put_patch({.name = "lp_one"});
    CHECK(bench.apply("lp_one")->has_value());
    CHECK(bench.apply("lp_none")->error().code == Errc::not_found);
}

TEST_CASE("what depends on a module waits until it is loaded, and is not tried before") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one", .depends = "nf_tables"});
    bench.start();
    CHECK(bench.patch("lp_one").disposition == Disposition::rejected);
    CHECK(bench.patch("lp_one").reason == "waits for module nf_tables");
    CHECK(bench.report().health == report::Health::ok);
    auto const answer = bench.apply("lp_one");
    REQUIRE(answer);
    CHECK(answer->error().code == Errc::load_failed);
    CHECK(answer->error().remedy == "modprobe nf_tables");
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.events.empty());

    bench.tree.write("sys/module/nf_tables/initstate", "coming\n");
    bench.notice();
    CHECK(bench.kernel.calls().empty());
    bench.tree.write("sys/module/nf_tables/initstate", "live\n");
    bench.notice();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
}

TEST_CASE("a failure that passes does not count against the patch") {
    EngineBench bench;
    bench.kernel.refuse(
        "lp_one",
        base::Error{
            .code = Errc::failed,
            .subject = "lp_one",
            .cause = "cannot read",
            .remedy = {},
            .os_error = GENERATE(EIO, EMFILE, ENOMEM)}
    );
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.advance(std::chrono::minutes(10));
    CHECK(bench.patch("lp_one").disposition == Disposition::scheduled);
    CHECK(bench.kernel.calls().size() > 100);
    CHECK(bench.events == Strings{"load-failed lp_one"}); // told once
    CHECK(bench.apply("lp_one")->has_error());            // an admin is told at once

    bench.kernel.refuse("lp_one", std::nullopt);
    bench.advance(std::chrono::seconds(5));
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
}

TEST_CASE("what the kernel refuses is told to the caller and not tried again by itself") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.kernel.refuse("lp_one", refusal());
    bench.start();
    CHECK(bench.patch("lp_one").disposition == Disposition::rejected);
    CHECK(bench.patch("lp_one").reason == "lp_one: pre-patch callback failed");
    CHECK(bench.report().health == report::Health::degraded);
    CHECK(bench.events == Strings{"load-failed lp_one"});
    CHECK(bench.whole_events.back().kernel_log == refusal().kernel_log);
    CHECK(bench.whole_events.back().id == "lp_one");
    CHECK(bench.whole_events.back().sha256 == bench.patch("lp_one").sha256);
    CHECK_FALSE(bench.whole_events.back().sha256.empty());
    bench.refresh();
    bench.advance(std::chrono::hours(1));
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});

    SECTION("an apply by name tries it, and gives the kernel's own error") {
        auto const answer = bench.apply("lp_one");
        REQUIRE(answer);
        CHECK(answer->error().code == Errc::load_failed);
        CHECK(answer->error().kernel_log == refusal().kernel_log);
        bench.kernel.refuse("lp_one", std::nullopt);
        CHECK(bench.apply("lp_one")->has_value());
        CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    }
    SECTION("so does an admin's refresh") {
        bench.kernel.refuse("lp_one", std::nullopt);
        bench.engine().retry([](auto const&) {});
        bench.run();
        CHECK(bench.patch("lp_one").state == PatchState::enabling);
    }
    SECTION("so does a file that is taken away and put back") {
        bench.kernel.refuse("lp_one", std::nullopt);
        bench.remove_patch("lp_one.ko");
        bench.refresh();
        bench.put_patch({.name = "lp_one"});
        bench.refresh();
        CHECK(bench.patch("lp_one").state == PatchState::enabling);
    }
    SECTION("the next patch is not kept waiting") {
        bench.put_patch({.name = "lp_two"});
        bench.refresh();
        CHECK(bench.patch("lp_two").state == PatchState::enabling);
    }
}

TEST_CASE("files that cannot be used are told once, and do not stop the others") {
    EngineBench bench;
    bench.directory.write("source/broken.ko", "no module");
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.refresh();
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.patch("broken").disposition == Disposition::rejected);
    CHECK(bench.events == Strings{"rejected broken", "loaded lp_one"});
    CHECK(bench.apply("broken")->error().code == Errc::verification_failed);
    CHECK(bench.report().health == report::Health::degraded);
}

TEST_CASE("a file that was exchanged since it was read is not loaded under its old digest") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.put_patch({.name = "lp_one", .version = "2"});
    auto const answer = bench.apply("lp_one");
    CHECK(answer->error().code == Errc::conflict);
    CHECK(bench.kernel.calls().empty());
    bench.refresh();
    CHECK(bench.apply("lp_one")->has_value());
    CHECK(bench.patch("lp_one").version == "2");
}

TEST_CASE("another build of a loaded module is never swapped in") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    auto const loaded = bench.patch("lp_one").sha256;
    bench.put_patch({.name = "lp_one", .version = "2"});
    bench.refresh();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    auto const patch = bench.patch("lp_one");
    CHECK(patch.disposition == Disposition::managed);
    CHECK(patch.sha256 == loaded);
    CHECK(patch.reason == "another build is offered; revert it first: lpctl revert lp_one");
    CHECK(patch.replace == report::Replace::unknown); // what is offered tells nothing about it
    CHECK(bench.apply("lp_one")->error().code == Errc::conflict);

    CHECK(bench.revert("lp_one")->has_value());
    bench.finish_transition();
    bench.advance(std::chrono::minutes(1));
    CHECK(bench.patch("lp_one").state == PatchState::absent); // the new one is held, too
    CHECK(bench.apply("lp_one")->has_value());
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.patch("lp_one").sha256 != loaded);
}

TEST_CASE("the catalogue is replaced while a load is under way") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.hold_kernel();
    bench.start_slowly();
    bench.hold_kernel();
    bench.run();
    CHECK(bench.report().stage == report::Stage::loading);
    bench.remove_patch("lp_one.ko");
    bench.put_patch({.name = "lp_two"});
    bench.refresh();
    CHECK(bench.kernel.calls().empty());
    bench.hold_kernel(false);
    bench.run();
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    bench.finish_transition();
    CHECK(bench.patch("lp_one").state == PatchState::enabled); // its file is not needed any more
    CHECK(bench.patch("lp_two").state == PatchState::enabling);
}

TEST_CASE("a kernel without livepatching is told, and nothing is tried") {
    EngineBench bench;
    bench.tree.set_livepatch(false);
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.report().health == report::Health::unsupported);
    CHECK(bench.patch("lp_one").disposition == Disposition::rejected);
    CHECK(bench.apply("lp_one")->error().code == Errc::unsupported);
    CHECK(bench.apply("lp_none")->error().code == Errc::unsupported);
    CHECK(bench.apply_all()->error().code == Errc::unsupported);
    CHECK(bench.revert("lp_none")->error().code == Errc::not_found);
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("thirty-two requests wait, the next one is told that it is busy") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    for (int i = 0; i < 40; ++i)
        bench.put_patch({.name = "lp_" + std::to_string(i)});
    bench.put_patch({.name = "held"});
    bench.start();
    bench.revert("held");
    bench.kernel.foreign_load("foreign");
    for (int i = 0; i < 32; ++i)
        CHECK_FALSE(bench.apply("lp_" + std::to_string(i)));
    CHECK(bench.apply("lp_32")->error().code == Errc::busy);
    CHECK(bench.apply("held")->error().code == Errc::busy);
    CHECK(bench.patch("held").disposition == Disposition::held); // as if it had not been asked for
    CHECK(bench.revert("foreign")->has_value()); // turns round what they all wait for
    bench.finish_transition();
    CHECK(bench.patch("lp_0").state == PatchState::enabling);
    CHECK_FALSE(bench.apply("lp_32"));
}
