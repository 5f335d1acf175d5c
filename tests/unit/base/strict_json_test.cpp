#include "base/strict_json.hpp"
#include "support/catch.hpp"

#include <string>

using namespace livepatch::base;

namespace {

std::string refusal_of(std::string_view text, JsonLimits const& limits = {}) {
    auto const parsed = parse_strict_json(text, "x.json", limits);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == Errc::verification_failed);
    CHECK(parsed.error().subject == "x.json");
    return parsed.error().cause;
}

} // namespace

TEST_CASE("JSON is read as it is") {
    constexpr auto text =
        R"({"a":[1,-2,18446744073709551615,true,false,null,"ü\n"],"b":{"a":{}},"c":[]})";
    auto const parsed = parse_strict_json(text, "x.json");
    REQUIRE(parsed);
    CHECK(parsed->dump() == nlohmann::json::parse(text).dump());
    CHECK(parse_strict_json(" 7 ", "x.json")->get<int>() == 7);
}

TEST_CASE("what two readers could take for two things is refused") {
    CHECK(refusal_of(R"({"a":1,"b":{"a":1,"a":2}})") == "the key \"a\" twice in one object");
    CHECK(refusal_of("1.5") == "a number that is no whole number of 64 bits: 1.5");
    CHECK(refusal_of("1e3").starts_with("a number that is no whole number"));
    CHECK(refusal_of("18446744073709551616").starts_with("a number that is no whole number"));
    CHECK(refusal_of("\xef\xbb\xbf{}") == "begins with a byte order mark");
    for (std::string const text :
         {"",
          "{",
          "[1,]",
          "{} {}",
          "nul",
          "{'a':1}",
          "// c\n1",
          "NaN",
          "\"\xff\"",
          "\"\x01\"",
          "[\"\\ud800\"]"})
        CHECK(refusal_of(text).starts_with("no JSON from byte "));
    CHECK(refusal_of(std::string("{}\0", 3)).starts_with("no JSON from byte "));
}

TEST_CASE("there is an end to everything") {
    CHECK(parse_strict_json(std::string(32, '[') + std::string(32, ']'), "x.json"));
    CHECK(refusal_of(std::string(33, '[')) == "nested deeper than 32");
    CHECK(refusal_of(std::string(200'000, '[')) == "nested deeper than 32"); // no recursion
    CHECK(refusal_of("[1,2,3]", {.values = 3}) == "more than 3 values");
    CHECK(refusal_of("[[],[],[]]", {.values = 3}) == "more than 3 values");
    CHECK(refusal_of("[1,2]", {.size = 4}) == "longer than 4 bytes");
}
