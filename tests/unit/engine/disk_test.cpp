// What is recorded before it is done, and what happens when it cannot be.
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

#include <algorithm>

using namespace livepatch;
using base::Errc;
using base::PatchState;
using report::Disposition;
using support::EngineBench;
using Strings = std::vector<std::string>;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// Root writes into everything, but not over a directory.
void break_disk(EngineBench& bench) {
    fs::create_directories(bench.state() / ".state.json.new/in the way");
}

void mend_disk(EngineBench& bench) {
    fs::remove_all(bench.state() / ".state.json.new");
}

bool says_not_persistent(report::Report const& report) {
    return std::any_of(
        report.health_reasons.begin(),
        report.health_reasons.end(),
        [](auto const& reason) { return reason.starts_with("state-not-persistent: "); }
    );
}

std::string state_text(EngineBench& bench) {
    return base::read_file(bench.state() / "state.json", 1'000'000).value();
}

bool holds_nothing(EngineBench& bench) {
    return state_text(bench).find("\"holds\": []") != std::string::npos;
}

int generation(EngineBench& bench) {
    auto const text = state_text(bench);
    constexpr std::string_view key = "\"generation\": ";
    return std::stoi(text.substr(text.find(key) + key.size()));
}

} // namespace

TEST_CASE("without a place for the record nothing is loaded by itself, loudly, until there is one"
) {
    EngineBench bench;
    break_disk(bench);
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.refresh();
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_one").disposition == Disposition::available);
    CHECK(bench.patch("lp_one").reason == "not loaded by itself: state-not-persistent");
    CHECK(bench.report().health == report::Health::degraded);
    CHECK(says_not_persistent(bench.report()));
    bench.advance(1min);
    CHECK(bench.kernel.calls().empty());
    mend_disk(bench);
    bench.advance(10s);
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    bench.finish_transition();
    CHECK(bench.report().health == report::Health::ok);
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("an apply that cannot be recorded is refused, and says why") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    break_disk(bench);
    auto const answer = bench.apply("lp_one");
    REQUIRE(answer);
    CHECK(answer->error().code == Errc::failed);
    CHECK(answer->error().cause.find("cannot be recorded") != std::string::npos);
    CHECK(bench.kernel.calls().empty());
    mend_disk(bench);
    CHECK(bench.apply("lp_one")->has_value());
}

TEST_CASE("a disk that fills up before the first load does not count against the patch") {
    EngineBench bench;
    bench.start();
    break_disk(bench);
    bench.put_patch({.name = "lp_one"});
    bench.refresh();
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.events == Strings{"load-failed lp_one"});
    mend_disk(bench);
    bench.advance(10s);
    CHECK(bench.patch("lp_one").state == PatchState::enabling);
}

TEST_CASE("a revert goes on without a record") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    break_disk(bench);
    CHECK(bench.revert("lp_one")->has_value());
    bench.finish_transition();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(says_not_persistent(bench.report()));
    mend_disk(bench);
    bench.advance(10s);
    bench.start(); // what could not be saved at first was saved later
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
}

TEST_CASE("a hold is all that a revert of an absent patch does, and it fails with it") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    break_disk(bench);
    CHECK(bench.revert("lp_one")->has_error());
}

TEST_CASE("state in memory keeps the daemon from loading by itself") {
    EngineBench bench;
    bench.not_persistent = base::Error{
        .code = Errc::failed, .subject = "/var/lib/livepatchd", .cause = "in memory", .remedy = {}};
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.kernel.calls().empty());
    CHECK(says_not_persistent(bench.report()));

    SECTION("but not an admin") {
        CHECK(bench.apply("lp_one")->has_value());
        CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    }
    SECTION("nor one who does without the crash guard") {
        bench.without_crash_guard = true;
        bench.start();
        CHECK(bench.kernel.calls() == Strings{"load lp_one"});
        CHECK(says_not_persistent(bench.report()));
    }
}

TEST_CASE("who does without the crash guard needs no record") {
    EngineBench bench;
    bench.without_crash_guard = true;
    break_disk(bench);
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    bench.finish_transition();
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
}

TEST_CASE("a source that hangs keeps no admin waiting") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.hold_sources();
    bench.put_patch({.name = "lp_two"});
    bench.refresh();
    CHECK(bench.report().stage == report::Stage::refreshing);

    CHECK(bench.hold("lp_one", "no more")->has_value());
    CHECK(bench.revert("lp_one")->has_value());
    CHECK(bench.kernel.calls() == Strings{"load lp_one", "disable lp_one"});
    bench.finish_transition();
    bench.hold_sources(false);
    bench.run();
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(bench.patch("lp_two").state == PatchState::enabling);
}

TEST_CASE("a revert does not wait until a module is read") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    bench.apply("lp_one");
    bench.finish_transition();
    bench.hold_sources();
    REQUIRE_FALSE(bench.apply("lp_two"));
    REQUIRE(bench.report().stage == report::Stage::verifying);

    SECTION("another patch's") {
        CHECK(bench.revert("lp_one")->has_value());
        CHECK(bench.kernel.calls() == Strings{"load lp_one", "disable lp_one"});
        bench.finish_transition();
        bench.hold_sources(false);
        bench.run();
        CHECK(bench.patch("lp_two").state == PatchState::enabling);
    }
    SECTION("its own") {
        CHECK(bench.revert("lp_two")->has_value());
        bench.hold_sources(false);
        bench.run();
        CHECK(bench.kernel.calls() == Strings{"load lp_one"});
        CHECK(bench.patch("lp_two").disposition == Disposition::held);
    }
}

// Verifying a module and making its record durable may take seconds.
TEST_CASE("what is decided while a load is prepared counts") {
    EngineBench bench;
    bench.mode = report::Mode::manual;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.hold_disk();
    EngineBench::Answer applied;
    bench.engine().apply("lp_one", {}, [&](base::Result<std::string> const& result) {
        applied = result ? base::Result<void>() : base::Result<void>(result.error());
    });
    bench.run();
    REQUIRE(bench.report().stage == report::Stage::loading);

    SECTION("a hold") {
        bench.hold("lp_one", "no");
    }
    SECTION("a pause") {
        bench.pause("no");
    }
    SECTION("a revert") {
        bench.revert("lp_one");
    }
    SECTION("the kill switch") {
        bench.directory.write("disable", "");
    }
    bench.hold_disk(false);
    bench.run();
    REQUIRE(applied);
    CHECK(applied->has_error());
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_one").state == PatchState::absent);
    CHECK(state_text(bench).find("\"loads\": []") != std::string::npos);
    CHECK(std::count(bench.events.begin(), bench.events.end(), "load-failed lp_one") == 0);
}

TEST_CASE("another tool's patch that came while a load was prepared is not replaced") {
    EngineBench bench;
    bench.start();
    bench.put_patch({.name = "lp_one", .replace = true});
    bench.hold_disk();
    bench.refresh();
    REQUIRE(bench.report().stage == report::Stage::loading);
    bench.kernel.foreign_load("foreign");
    bench.kernel.finish_transition();
    bench.hold_disk(false);
    bench.run();
    CHECK(bench.kernel.calls().empty());
    CHECK(bench.patch("lp_one").disposition == Disposition::rejected);
    bench.kernel.foreign_disable("foreign");
    bench.finish_transition();
    CHECK(bench.kernel.calls() == Strings{"load lp_one"}); // planned anew
}

TEST_CASE("a damaged state file is told, and the generation before it is used") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.revert("lp_one");
    bench.finish_transition();
    bench.kill();
    bench.directory.write("state/state.json", "{\"schema\":1");
    bench.start();
    CHECK(bench.report().health == report::Health::degraded);
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
    CHECK(fs::exists(bench.state() / "state.json.damaged"));
    // What was remembered last may be missing, whoever met the damage first.
    auto const says_so = [&] {
        auto const& reasons = bench.report().health_reasons;
        return std::any_of(reasons.begin(), reasons.end(), [](auto const& reason) {
            return reason.starts_with("state-damaged: ") &&
                   reason.ends_with("using the previous generation");
        });
    };
    CHECK(says_so());
    bench.start();
    CHECK(says_so());
    CHECK(bench.resume()->has_value());
    CHECK_FALSE(says_so());
    bench.start();
    CHECK_FALSE(says_so());
}

TEST_CASE("whoever only looks at a damaged state file changes nothing") {
    EngineBench bench;
    bench.start();
    bench.kill();
    bench.directory.write("state/state.json", "{\"schema\":1");
    fs::remove(bench.state() / "state.json.previous");
    engine::StateFile file(bench.state());
    CHECK(file.look().state.lost);
    CHECK(file.look().state.lost);
    CHECK(fs::exists(bench.state() / "state.json"));
    CHECK(file.load().state.lost);
}

TEST_CASE("without the state nothing is loaded by itself until an admin says so") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.put_patch({.name = "lp_two"});
    bench.start();
    bench.finish_transition();
    bench.finish_transition();
    bench.revert("lp_one");
    bench.finish_transition();
    bench.revert("lp_two");
    bench.finish_transition();
    bench.kill();
    bench.directory.write("state/state.json", "x");
    bench.directory.write("state/state.json.previous", "y");
    auto const before = bench.kernel.calls();
    auto const says_so = [&] {
        auto const& reasons = bench.report().health_reasons;
        return std::any_of(reasons.begin(), reasons.end(), [](auto const& reason) {
            return reason.starts_with("state-damaged: ") && reason.ends_with("lpctl resume");
        });
    };

    for (int starts = 0; starts < 3; ++starts) { // the first one writes a file that is whole
        bench.start();
        CHECK(says_so());
        CHECK(bench.kernel.calls() == before);
        CHECK(bench.patch("lp_one").disposition == Disposition::available);
        CHECK(bench.patch("lp_one").reason == "not loaded by itself: state-damaged");
    }
    CHECK(bench.apply("lp_one")->has_value()); // who asks for it gets it
    bench.finish_transition();
    CHECK(bench.patch("lp_two").state == PatchState::absent);

    SECTION("for good") {
        CHECK(bench.resume()->has_value());
        CHECK_FALSE(says_so());
        CHECK(bench.patch("lp_two").state == PatchState::enabling);
        bench.start();
        CHECK_FALSE(says_so());
    }
    SECTION("and it is durable when he is answered") {
        bench.hold_disk();
        CHECK_FALSE(bench.resume());
        bench.hold_disk(false);
        bench.run();
        CHECK(bench.answer()->has_value());
    }
}

TEST_CASE("a hold that is lifted is on the disk with the record of the load, before it") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.finish_transition();
    bench.revert("lp_one");
    bench.finish_transition();
    REQUIRE_FALSE(holds_nothing(bench));
    auto const before = generation(bench);

    bench.hold_kernel();
    CHECK_FALSE(bench.apply("lp_one"));
    CHECK(holds_nothing(bench));
    CHECK(generation(bench) == before + 1); // one write, not two
}

TEST_CASE("a hold that is lifted for what then is not loaded is lifted on the disk, too") {
    EngineBench bench;
    bench.put_patch({.name = "lp_one"}, "lp_one.ko");
    bench.start();
    bench.finish_transition();
    bench.revert("lp_one");
    bench.finish_transition();
    REQUIRE_FALSE(holds_nothing(bench));

    bench.put_patch({.name = "lp_one", .version = "2"}, "lp_one.ko"); // and nobody is told
    auto const answer = bench.apply("lp_one");
    REQUIRE(answer);
    CHECK(answer->has_error());
    CHECK(holds_nothing(bench));
}

// A package manager puts a module and its sidecar there one after the other.
TEST_CASE("what changed between its listing and its load is listed again, and loaded as it is then"
) {
    EngineBench bench;
    bench.start();
    bench.pause("not yet");
    bench.put_patch({.name = "lp_one"});
    bench.refresh();
    bench.put_patch({.name = "lp_one", .version = "2"});
    bench.resume();
    bench.advance(std::chrono::seconds(5));
    CHECK(bench.kernel.calls() == Strings{"load lp_one"});
    bench.finish_transition();
    CHECK(bench.patch("lp_one").disposition == Disposition::managed);
    CHECK(bench.report().health == report::Health::ok);
    CHECK(std::count(bench.events.begin(), bench.events.end(), "load-failed lp_one") == 1);
}
