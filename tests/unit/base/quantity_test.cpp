#include "base/quantity.hpp"
#include "support/catch.hpp"

using namespace livepatch::base;
using namespace std::chrono_literals;

TEST_CASE("durations") {
    CHECK(parse_duration("90s") == 90s);
    CHECK(parse_duration("0s") == 0s);
    CHECK(parse_duration("5min") == 5min);
    CHECK(parse_duration("12h") == 12h);
    CHECK(parse_duration("7d") == 7 * 24h);
    CHECK(parse_duration("36600d") == 36'600 * 24h);
    for (auto const* text :
         {"",
          "s",
          "5",
          "-1s",
          "-0s",
          "+1s",
          " 1s",
          "1s ",
          "1 s",
          "1.5h",
          "1S",
          "1m",
          "1w",
          "1h30m",
          "0x10s",
          "36601d",
          "99999999999999999999s",
          "9223372036854775807d"})
        CHECK_FALSE(parse_duration(text));
}

TEST_CASE("sizes") {
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("1000") == 1000);
    CHECK(parse_size("64K") == 65'536);
    CHECK(parse_size("512M") == 512LL * 1024 * 1024);
    CHECK(parse_size("2G") == 2LL * 1024 * 1024 * 1024);
    for (auto const* text : {"", "M", "-1", "1k", "1KB", "1 K", "1T", "9999999999G", "1.5M"})
        CHECK_FALSE(parse_size(text));
}
