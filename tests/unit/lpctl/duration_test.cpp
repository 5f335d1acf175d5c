#include "lpctl/duration.hpp"
#include "support/catch.hpp"

#include <ctime>

using namespace livepatch::lpctl;
using namespace std::chrono_literals;

TEST_CASE("a timeout is read as in the configuration") {
    CHECK(parse_timeout("90s").value() == 90s);
    CHECK(parse_timeout("5min").value() == 300s);
    CHECK(parse_timeout("12h").value() == 12h);
    CHECK(parse_timeout("7d").value() == 7 * 24h);
    CHECK(parse_timeout("0s").value() == 0s);
    CHECK(parse_timeout("0").value() == 0s);
    CHECK(parse_timeout("30").value() == 30s);
}

TEST_CASE("what is no duration is refused") {
    for (auto const* text :
         {"",
          "s",
          "5 ",
          "-1s",
          "-0s",
          "+1s",
          " 1s",
          "1 s",
          "1.5h",
          "1m",
          "1S",
          "0x1s",
          "1sec",
          "99999999999999999999s",
          "9223372036854775807d",
          "4000d"})
        CHECK(parse_timeout(text).has_error());
}

TEST_CASE("durations are told with two units at most") {
    CHECK(duration_text(7ms) == "7 ms");
    CHECK(duration_text(1'250ms) == "1.2 s");
    CHECK(duration_text(12'900ms) == "12 s");
    CHECK(duration_text(185s) == "3 min 5 s");
    CHECK(duration_text(130min) == "2 h 10 min");
    CHECK(duration_text(5 * 24h + 3h) == "5 days");
    CHECK(whole_seconds(1'250ms) == "1 s");
    CHECK(whole_seconds(185s) == "3 min 5 s");
}

TEST_CASE("a time is told with how long ago it was") {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    auto const time = std::chrono::system_clock::from_time_t(1'700'000'000);
    CHECK(since_text(time, time + 2h) == "2023-11-14 22:13 (2 h 0 min ago)");
    CHECK(since_text(time, time + 3s) == "2023-11-14 22:13 (just now)");
    CHECK(since_text(time, time - 1h) == "2023-11-14 22:13"); // the clock was set back
    CHECK(since_text({}, time).empty());
}
