#include "lpctl/moment.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <ctime>

using namespace livepatch::lpctl;
using namespace std::chrono_literals;

namespace {

using Time = std::chrono::system_clock::time_point;

constexpr Time now{std::chrono::seconds{1'767'225'600}}; // 2026-01-01T00:00:00Z

struct TimeZone {
    explicit TimeZone(char const* name) {
        ::setenv("TZ", name, 1); // NOLINT(concurrency-mt-unsafe): one thread
        ::tzset();
    }

    TimeZone(TimeZone const&) = delete;
    TimeZone& operator=(TimeZone const&) = delete;

    ~TimeZone() {
        ::unsetenv("TZ"); // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }
};

Time parse(std::string_view text) {
    auto const time = parse_moment(text, now);
    INFO(text);
    REQUIRE(time);
    return *time;
}

} // namespace

TEST_CASE("a duration is as long ago") {
    CHECK(parse("0s") == now);
    CHECK(parse("90s") == now - 90s);
    CHECK(parse("2h") == now - 2h);
    CHECK(parse("7d") == now - 7 * 24h);
    CHECK(parse("36500d") == Time()); // before there was time
}

TEST_CASE("a date is in local time, with a Z in UTC") {
    TimeZone const zone("TEST-2"); // two hours east
    CHECK(parse("2026-01-01T00:00:00Z") == now);
    CHECK(parse("2026-01-01") == now - 2h);
    CHECK(parse("2026-01-01 02:00") == now);
    CHECK(parse("2026-01-01T02:00:30") == now + 30s);
    CHECK(parse("2026-01-01Z") == now);
    CHECK(parse("today") == now - 2h);
    CHECK(parse("yesterday") == now - 26h);
    CHECK(parse("@1767225600") == now);
    CHECK(moment_text(now) == "2026-01-01 02:00:00");
    CHECK(moment_text(Time()).empty());
}

TEST_CASE("what is no time is refused, and the words say what is one") {
    for (auto const* text :
         {"",
          "soon",
          "2026",
          "2026-13-01",
          "2026-02-31",
          "2026-01-01 25:00",
          "2026-01-01 12:00 ",
          "2026-01-01 12:00:00.5",
          "01.01.2026",
          "20260-1-1",
          "-2026-01-01",
          "1969-01-01",
          "@",
          "@-1",
          "@9999999999999",
          "2h ago",
          "90"}) {
        INFO(text);
        auto const time = parse_moment(text, now);
        REQUIRE_FALSE(time);
        CHECK(describe(time.error()).find("yesterday") != std::string::npos);
    }
}
