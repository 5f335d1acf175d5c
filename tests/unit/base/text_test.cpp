#include "base/text.hpp"
#include "support/catch.hpp"

using namespace livepatch::base;
using namespace std::string_literals;

TEST_CASE("escaped leaves printable text of any language alone") {
    CHECK(escaped("lp_cmdline") == "lp_cmdline");
    CHECK(escaped("Grüße 補丁 🩹") == "Grüße 補丁 🩹");
}

TEST_CASE("escaped shows what a terminal would obey") {
    CHECK(escaped("a\nb") == "a\\x0ab");
    CHECK(escaped("\x1b[2J") == "\\x1b[2J");
    CHECK(escaped("a\0b"s) == "a\\x00b");
    CHECK(escaped("\x7f") == "\\x7f");
    CHECK(escaped("\xc2\x9b") == "\\xc2\\x9b");          // C1: CSI
    CHECK(escaped("\xe2\x80\xae") == "\\xe2\\x80\\xae"); // right-to-left override
}

TEST_CASE("escaped shows bytes that are no UTF-8") {
    CHECK(escaped("\xff") == "\\xff");
    CHECK(escaped("\xc0\xaf") == "\\xc0\\xaf");                   // overlong
    CHECK(escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");          // surrogate
    CHECK(escaped("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80"); // beyond U+10FFFF
    CHECK(escaped("ok\xe2\x82") == "ok\\xe2\\x82");               // cut off
}

TEST_CASE("trimmed and split") {
    CHECK(trimmed(" \t1\n") == "1");
    CHECK(trimmed(" \n").empty());
    CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
    CHECK(split("", ',') == std::vector<std::string_view>{""});
}

TEST_CASE("rfc3339 is UTC to the second and empty for unknown") {
    CHECK(rfc3339(std::chrono::system_clock::from_time_t(1'700'000'000)) == "2023-11-14T22:13:20Z");
    CHECK(rfc3339(std::chrono::system_clock::time_point()).empty());
    CHECK(rfc3339(std::chrono::sys_seconds()).empty());
    using namespace std::chrono;
    // Publishers may say any; a clock with nanoseconds has neither.
    CHECK(rfc3339(sys_seconds(sys_days(year{1013} / 11 / 20))) == "1013-11-20T00:00:00Z");
    CHECK(rfc3339(sys_seconds(sys_days(year{9999} / 12 / 31))) == "9999-12-31T00:00:00Z");
}
