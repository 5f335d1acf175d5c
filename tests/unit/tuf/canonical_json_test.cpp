#include "base/strict_json.hpp"
#include "support/catch.hpp"
#include "trust/tuf/canonical_json.hpp"

#include <string>

using namespace livepatch;
using trust::tuf::canonical_json;

namespace {

std::string canonical(std::string_view text) {
    return canonical_json(base::parse_strict_json(text, "x.json").value());
}

} // namespace

TEST_CASE("canonical JSON has no white space, and its members are in order") {
    CHECK(
        canonical(R"( { "b" : [ 1 , -2 ] , "a" : { } , "aa":[] } )") ==
        R"({"a":{},"aa":[],"b":[1,-2]})"
    );
    CHECK(canonical("[true,false,null]") == "[true,false,null]");
    CHECK(canonical("18446744073709551615") == "18446744073709551615");
    CHECK(canonical("-9223372036854775808") == "-9223372036854775808");
    CHECK(canonical("-0") == "0");
}

TEST_CASE("members are in the order of code points, not of UTF-16 units") {
    // U+FB33 is below U+1F600, whose first UTF-16 unit is D83D.
    CHECK(
        canonical("{\"\\ud83d\\ude00\":1,\"\\ufb33\":2,\"z\":3,\"Z\":4}") ==
        "{\"Z\":4,\"z\":3,\"\xef\xac\xb3\":2,\"\xf0\x9f\x98\x80\":1}"
    );
}

TEST_CASE("in strings of canonical JSON only quotes and backslashes are escaped") {
    CHECK(canonical(R"("a\"b\\c\/d")") == R"("a\"b\\c/d")");
    CHECK(canonical(R"("\n\t\u0001\u007f")") == "\"\n\t\x01\x7f\"");
    CHECK(canonical(R"("\u0000")") == std::string("\"\0\"", 3));
    CHECK(canonical(R"("\u00fc\ud83d\ude00")") == "\"\xc3\xbc\xf0\x9f\x98\x80\"");
    CHECK(canonical(R"({"\"":"\\"})") == R"({"\"":"\\"})");
}
