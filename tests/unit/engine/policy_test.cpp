// What is applied by itself, and when.
#include "engine/policy.hpp"
#include "support/catch.hpp"
#include "support/engine_bench.hpp"
#include "world_builder.hpp"

#include <array>
#include <cstdlib>
#include <ctime>

using namespace livepatch;
using namespace livepatch::engine;
using namespace std::chrono_literals;
using report::Disposition;
using support::EngineBench;
using Strings = std::vector<std::string>;

namespace {

// A place that changes its clocks, whatever the machine's.
struct Berlin {
    Berlin() {
        ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        ::tzset();
    }

    Berlin(Berlin const&) = delete;
    Berlin& operator=(Berlin const&) = delete;

    ~Berlin() {
        ::unsetenv("TZ");
        ::tzset();
    }
};

// "2026-11-26 18:00" is a Thursday.
Time local(char const* text) {
    std::tm moment{};
    ::strptime(text, "%Y-%m-%d %H:%M", &moment);
    moment.tm_isdst = -1;
    return std::chrono::system_clock::from_time_t(std::mktime(&moment));
}

TimeWindow window(char const* text) {
    auto const parsed = TimeWindow::parse(text);
    REQUIRE(parsed);
    return *parsed;
}

} // namespace

TEST_CASE("what is a window") {
    for (auto const* good :
         {"01:00-05:00", "Mon 00:00-23:59", "Mon..Fri 22:00-04:00", "Fri..Mon 10:00-10:00"})
        CHECK(TimeWindow::parse(good));
    for (auto const* bad :
         {"",
          "Mon",
          "1:00-05:00",
          "01:00-24:00",
          "01:00-05:60",
          "01:00",
          "01:00-",
          "Mon 01:00-05:00 ",
          "mon 01:00-05:00",
          "Mon.Fri 01:00-05:00",
          "Mon.. 01:00-05:00",
          "+1:00-05:00",
          "01:00--5:00"})
        CHECK_FALSE(TimeWindow::parse(bad));
}

TEST_CASE("when a window is open") {
    Berlin const berlin;
    auto const night = window("Mon..Thu 22:00-04:00");
    CHECK_FALSE(night.contains(local("2026-11-26 21:59")));
    CHECK(night.contains(local("2026-11-26 22:00")));
    CHECK(night.contains(local("2026-11-27 03:59"))); // Friday, of Thursday's window
    CHECK_FALSE(night.contains(local("2026-11-27 04:00")));
    CHECK_FALSE(night.contains(local("2026-11-27 23:00"))); // none begins on Friday
    CHECK_FALSE(night.contains(local("2026-11-30 03:00"))); // Monday, none began on Sunday
    CHECK(night.next_opening(local("2026-11-26 21:00")) == local("2026-11-26 22:00"));
    CHECK(night.next_opening(local("2026-11-26 22:00")) == local("2026-11-30 22:00"));

    auto const day = window("Sat 10:00-12:00");
    CHECK(day.contains(local("2026-11-28 11:00")));
    CHECK_FALSE(day.contains(local("2026-11-28 12:00")));
    CHECK(day.next_opening(local("2026-11-28 10:00")) == local("2026-12-05 10:00"));
    CHECK(window("10:00-10:00").contains(local("2026-11-28 09:59"))); // the whole day

    // The night in which 02:00 to 03:00 comes twice, and the one in which it does not come.
    auto const early = window("01:00-05:00");
    CHECK(early.contains(local("2026-10-25 04:59")));
    CHECK_FALSE(early.contains(local("2026-10-25 05:00")));
    CHECK(early.contains(local("2026-03-29 04:59")));
    CHECK_FALSE(early.contains(local("2026-03-29 00:59")));
}

TEST_CASE("how severe a patch has to be") {
    WorldBuilder world;
    world.offer("unknown");
    world.offer("low").severity = "low";
    world.offer("medium").severity = "medium";
    world.offer("high").severity = "high";
    world.offer("critical").severity = "critical";
    auto const below = [&](char const* minimum) {
        Strings digests;
        auto const verdict =
            apply_policy({.minimum_severity = minimum}, world.catalogue, world.state, {});
        for (auto const& entry : verdict.below)
            digests.push_back(entry.first);
        CHECK(verdict.later.empty());
        CHECK_FALSE(verdict.next);
        return digests;
    };
    CHECK(below("low").empty());
    CHECK(below("moderate") == Strings{"sha low"});
    CHECK(below("important") == Strings{"sha low", "sha medium"});
    CHECK(below("high") == Strings{"sha low", "sha medium"});
    CHECK(below("critical") == Strings{"sha high", "sha low", "sha medium"});
}

TEST_CASE("what is too little severe is there for whoever asks, and keeps nothing older out") {
    WorldBuilder world;
    world.offer_from("test", "a1", module::Replace::yes);
    world.offer_from("test", "a2", module::Replace::yes);
    world.below["sha a2"] = "too low";
    CHECK(world.judged("a2").disposition == Disposition::available);
    CHECK(world.judged("a2").reason == "too low");
    CHECK(world.steps() == Strings{"load a1"});
    world.request(Request::Kind::apply, "a2");
    CHECK(world.steps() == Strings{"load a2 !1", "load a1"});
    world.requests.clear();
    world.restore.insert("sha a2"); // it was in
    CHECK(world.judged("a2").disposition == Disposition::scheduled);
}

TEST_CASE("a new patch waits for its delay, over restarts, and an admin need not") {
    EngineBench bench;
    bench.policy.delay = 24h;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.patch("lp_one").disposition == Disposition::scheduled);
    CHECK(bench.patch("lp_one").reason.starts_with("new; applied after "));
    bench.advance(23h);
    bench.start();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    SECTION("to the end") {
        bench.advance(2h);
        CHECK(bench.is_loaded("lp_one"));
    }
    SECTION("unless somebody asks") {
        CHECK(bench.apply("lp_one").value());
        CHECK(bench.is_loaded("lp_one"));
    }
    SECTION("another version begins anew") {
        bench.put_patch({.name = "lp_one", .version = "2"});
        bench.refresh();
        bench.advance(2h);
        CHECK_FALSE(bench.is_loaded("lp_one"));
        bench.advance(23h);
        CHECK(bench.is_loaded("lp_one"));
    }
}

TEST_CASE("how long a patch has been offered is not forgotten in a moment") {
    EngineBench bench;
    bench.policy.delay = 24h;
    bench.put_patch({.name = "lp_one"});
    bench.start();
    bench.advance(23h);
    SECTION("the boot's reapplying knows no delay") {
        bench.policy = {};
        bench.mode = report::Mode::manual;
        bench.forget_past = false;
        bench.start();
    }
    SECTION("a daemon whose configuration cannot be read has none") {
        bench.policy = {};
        bench.mode = report::Mode::manual;
        bench.start();
    }
    SECTION("its source is not there") {
        auto const away = bench.directory.path() / "away.ko";
        std::filesystem::rename(bench.source() / "lp_one.ko", away);
        bench.refresh();
        CHECK(bench.patch("lp_one").disposition != Disposition::scheduled);
        std::filesystem::rename(away, bench.source() / "lp_one.ko");
        bench.refresh();
    }
    bench.policy.delay = 24h;
    bench.mode = report::Mode::automatic;
    bench.forget_past = true;
    bench.start();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    bench.advance(2h);
    CHECK(bench.is_loaded("lp_one"));
}

TEST_CASE("what was seen while the clock was ahead waits from when it is right") {
    WorldBuilder world;
    world.offer("lp");
    Time const now{std::chrono::hours(1'000'000)};
    world.state.seen[WorldBuilder::digest("lp")] = now + 1'000'000h;
    world.state.seen["long gone"] = now - 31 * 24h;
    world.state.seen["gone"] = now - 29 * 24h;
    CHECK(remember_first_seen(world.state, world.catalogue, now));
    CHECK(world.state.seen.at(WorldBuilder::digest("lp")) == now);
    CHECK(world.state.seen.size() == 2);
    CHECK_FALSE(remember_first_seen(world.state, world.catalogue, now + 1h));
    CHECK(world.state.seen.at(WorldBuilder::digest("lp")) == now);
}

TEST_CASE("outside of the window nothing is applied by itself, and what was in comes back") {
    Berlin const berlin;
    EngineBench bench;
    auto const now = bench.clock.wall();
    auto const opens = std::chrono::system_clock::to_time_t(now + 2h);
    auto const closes = std::chrono::system_clock::to_time_t(now + 4h);
    std::array<char, 32> text{};
    std::tm from{};
    std::tm to{};
    ::localtime_r(&opens, &from);
    ::localtime_r(&closes, &to);
    REQUIRE(std::strftime(text.data(), text.size(), "%H:%M-", &from) == 6);
    REQUIRE(std::strftime(text.data() + 6, text.size() - 6, "%H:%M", &to) == 5);
    bench.policy.windows = {window(text.data())};
    bench.put_patch({.name = "lp_one"});
    bench.start();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.patch("lp_one").reason.starts_with("outside of the window; the next one opens "));
    bench.advance(1h);
    CHECK_FALSE(bench.is_loaded("lp_one"));
    bench.advance(1h + 5min);
    CHECK(bench.is_loaded("lp_one"));
    bench.finish_transition();
    bench.advance(6h); // closed again
    bench.reboot(EngineBench::End::clean);
    bench.start();
    CHECK(bench.is_loaded("lp_one"));
}
