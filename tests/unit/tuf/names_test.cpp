#include "base/sha256.hpp"
#include "support/catch.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/header.hpp"
#include "trust/tuf/path_pattern.hpp"

#include <chrono>

using namespace livepatch;
using namespace trust::tuf;

TEST_CASE("stars and question marks of a pattern stop at a slash") {
    CHECK(matches_pattern("a", "*"));
    CHECK(matches_pattern("", "*"));
    CHECK_FALSE(matches_pattern("a/b", "*"));
    CHECK(matches_pattern("a/b", "*/*"));
    CHECK(matches_pattern("modules/x86_64/6.1.0-56-amd64/lp.ko", "*/x86_64/6.1.0-*/*"));
    CHECK_FALSE(matches_pattern("modules/x86_64/6.12.0-1/lp.ko", "*/x86_64/6.1.0-*/*"));
    CHECK_FALSE(matches_pattern("modules/x86_64/6.1.0-1/sub/lp.ko", "*/x86_64/6.1.0-*/*"));
    CHECK(matches_pattern("foo-1.tgz", "foo-?.tgz"));
    CHECK_FALSE(matches_pattern("foo-10.tgz", "foo-?.tgz"));
    CHECK_FALSE(matches_pattern("foo-/.tgz", "foo-?.tgz"));
    CHECK(matches_pattern(".hidden", "*"));
    CHECK_FALSE(matches_pattern("/a", "*"));
    CHECK_FALSE(matches_pattern("a/", "*"));
}

TEST_CASE("a star takes as much as it has to") {
    CHECK(matches_pattern("aXbXc", "*X*c"));
    CHECK(matches_pattern("abcabc", "*abc"));
    CHECK(matches_pattern("abcabcd", "a*c*d"));
    CHECK_FALSE(matches_pattern("abcabc", "*abd"));
    CHECK(matches_pattern("abc", "abc**"));
    CHECK_FALSE(matches_pattern("ab", "abc"));
    CHECK_FALSE(matches_pattern("abc", "ab"));
}

TEST_CASE("sets of characters in a pattern") {
    CHECK(matches_pattern("b.ko", "[a-c].ko"));
    CHECK_FALSE(matches_pattern("d.ko", "[a-c].ko"));
    CHECK(matches_pattern("d", "[!a-c]"));
    CHECK_FALSE(matches_pattern("b", "[!a-c]"));
    CHECK(matches_pattern("]", "[]a]"));
    CHECK(matches_pattern("-", "[a-]"));
    CHECK(matches_pattern("[a", "[a"));
    CHECK(matches_pattern("*", "[*]"));
    CHECK_FALSE(matches_pattern("x", "[*]"));
}

TEST_CASE("no pattern takes long") {
    std::string pattern;
    for (int i = 0; i < 200; ++i)
        pattern += "*a";
    auto const start = std::chrono::steady_clock::now();
    CHECK_FALSE(matches_pattern(std::string(1000, 'a') + 'c', pattern + 'b'));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("role names become one component of a path") {
    CHECK(file_name("targets") == "targets.json");
    CHECK(file_name("../../etc/passwd") == "..%2F..%2Fetc%2Fpasswd.json");
    CHECK(file_name("/a\\b?#%") == "%2Fa%5Cb%3F%23%25.json");
    CHECK(file_name(std::string("a\0b", 3)) == "a%00b.json");
    CHECK(file_name("\xc3\xbc") == "%C3%BC.json");
    CHECK(versioned_file_name(7, "a b") == "7.a%20b.json");
}

TEST_CASE("a target's file is beside its name, with its hash in front") {
    Target target{.path = "a/b.ko", .length = 1, .hashes = {.sha256 = "12", .sha512 = "34"}};
    CHECK(target_file_name(target, true).value() == "a/12.b.ko");
    CHECK(target_file_name(target, false).value() == "a/b.ko");
    target.hashes.sha256.clear();
    CHECK(target_file_name(target, true).value() == "a/34.b.ko");
    target.path = "b.ko";
    CHECK(target_file_name(target, true).value() == "34.b.ko");
}

TEST_CASE("a target's path does not leave the repository") {
    for (std::string const path :
         {"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "./a"}) {
        auto const name = target_file_name({.path = path, .length = 1, .hashes = {}}, true);
        REQUIRE(name.has_error());
        CHECK(name.error().code == base::Errc::verification_failed);
    }
    CHECK(target_file_name({.path = std::string("a\0b", 3), .length = 1, .hashes = {}}, true)
              .has_error());
    CHECK(target_file_name({.path = std::string(1025, 'a'), .length = 1, .hashes = {}}, true)
              .has_error());
    CHECK(target_file_name({.path = "..a/b..", .length = 1, .hashes = {}}, false).has_value());
}

TEST_CASE("times have one form") {
    using namespace std::chrono;
    CHECK(parse_time("1970-01-02T00:00:01Z") == Time(seconds(86'401)));
    CHECK(parse_time("2026-11-26T18:00:00Z") == sys_days(year(2026) / 11 / 26) + hours(18));
    CHECK(parse_time("2028-02-29T23:59:59Z").has_value());
    CHECK(parse_time("9999-12-31T23:59:59Z").has_value());
    for (auto const* wrong :
         {"",
          "2026-11-26",
          "2026-11-26T18:00:00",
          "2026-11-26T18:00:00+00:00",
          "2026-11-26T18:00:00.5Z",
          "2026-11-26t18:00:00z",
          "2026-11-26 18:00:00Z",
          "2026-02-29T00:00:00Z",
          "2026-13-01T00:00:00Z",
          "2026-00-01T00:00:00Z",
          "2026-01-01T24:00:00Z",
          "2026-01-01T00:60:00Z",
          "2026-01-01T00:00:60Z",
          "+026-01-01T00:00:00Z",
          "2026-01-01T00:00:00Z ",
          "22026-01-01T00:00:00Z"})
        CHECK_FALSE(parse_time(wrong));
}

TEST_CASE("what is over is over in that very second") {
    Header header;
    header.expires = *parse_time("2026-06-01T00:00:00Z");
    CHECK_FALSE(header.has_expired(*parse_time("2026-05-31T23:59:59Z")));
    CHECK(header.has_expired(*parse_time("2026-06-01T00:00:00Z")));
}
