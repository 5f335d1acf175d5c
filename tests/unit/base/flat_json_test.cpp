#include "base/flat_json.hpp"
#include "support/catch.hpp"

using namespace livepatch;
using base::FlatJson;

namespace {

std::string refusal_of(std::string const& text, base::FlatJsonLimits const& limits = {}) {
    auto const parsed = FlatJson::parse(text, "x.json", limits);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == base::Errc::verification_failed);
    CHECK(parsed.error().subject == "x.json");
    return parsed.error().cause;
}

} // namespace

TEST_CASE("values are found by name") {
    auto const json = FlatJson::parse(
        R"({"t":"text","n":18446744073709551615,"m":-1,"f":true,"z":null,"o":{"t":"inner"},"l":[1,"a",{}]})",
        "x"
    );
    REQUIRE(json);
    auto const root = json->root();
    CHECK(root.is_object());
    CHECK(root.size() == 7);
    CHECK(root.find("t")->text() == "text");
    CHECK_FALSE(root.find("t")->number());
    CHECK(root.find("n")->number() == UINT64_MAX);
    CHECK_FALSE(root.find("m")->number());
    CHECK(root.find("f")->flag() == true);
    CHECK_FALSE(root.find("n")->flag());
    CHECK(root.find("z")->is_null());
    CHECK(root.find("o")->find("t")->text() == "inner");
    CHECK_FALSE(root.find("x"));
    CHECK_FALSE(root.find("l")->find("t"));
    auto const list = *root.find("l");
    CHECK(list.is_list());
    CHECK(list.size() == 3);
    std::vector<bool> objects;
    list.each([&](auto const& element) {
        CHECK(element.name().empty());
        objects.push_back(element.is_object());
        return true;
    });
    CHECK(objects == std::vector<bool>{false, false, true});
}

TEST_CASE("flat: what two readers could take for two things is refused") {
    CHECK(refusal_of(R"({"a":1,"b":{},"a":2})") == "the key \"a\" twice in one object");
    CHECK(refusal_of("1.5").starts_with("a number that is no whole number"));
    CHECK(refusal_of("18446744073709551616").starts_with("a number that is no whole number"));
    CHECK(refusal_of("{").starts_with("no JSON from byte"));
    CHECK(refusal_of("{} x").starts_with("no JSON from byte"));
    CHECK(refusal_of(std::string("{}\0", 3)) == "no JSON from byte 3 on");
    CHECK(refusal_of("\xef\xbb\xbf{}") == "begins with a byte order mark");
    CHECK(refusal_of("\"\xff\"").starts_with("no JSON from byte"));
    CHECK(refusal_of("[[[]]]", {.depth = 2}) == "nested deeper than 2");
    CHECK(refusal_of("[1,2,3]", {.values = 3}) == "more than 3 values");
    CHECK(refusal_of("[1]", {.size = 2}) == "longer than 2 bytes");
    CHECK(refusal_of(R"({"a":1,"b":1,"c":1})", {.members = 2}) == "more than 2 keys in one object");
}

TEST_CASE("a list is handed out element by element, and not kept") {
    std::vector<std::string> taken;
    FlatJson::Stream const stream{.list = "big", .take = [&](auto const& value) {
                                      auto const id = value.find("id");
                                      taken.emplace_back(id ? *id->text() : "?");
                                      return taken.size() < 3;
                                  }};
    auto const text =
        std::string(R"({"first":"kept","big":[{"id":"a","big":[1,2]},7,{"id":"b"},{"id":"never"}],)"
                    R"("other":{"big":["kept"]}})");
    // More values in all than may be kept at one time.
    auto const json = FlatJson::parse(text, "x", {.values = 9}, stream);
    REQUIRE(json);
    CHECK(taken == std::vector<std::string>{"a", "?", "b"});
    CHECK(json->root().find("first")->text() == "kept");
    CHECK(json->root().find("big")->size() == 4);
    json->root().find("big")->each([](auto const&) {
        FAIL("it was not to be kept");
        return true;
    });
    CHECK(json->root().find("other")->find("big")->size() == 1);
}

TEST_CASE("what is not taken is checked all the same") {
    auto const nothing = [](auto const&) { return false; };
    auto const json =
        FlatJson::parse(R"({"big":[1,{"a":1,"a":2}]})", "x", {}, {.list = "big", .take = nothing});
    CHECK(json.error().cause == "the key \"a\" twice in one object");
}

TEST_CASE("what is no list is kept, whatever it is called") {
    auto const json =
        FlatJson::parse(R"({"big":{"big":[1]}})", "x", {}, {.list = "big", .take = [](auto const&) {
                                                                FAIL("no list of that name");
                                                                return true;
                                                            }});
    REQUIRE(json);
    CHECK(json->root().find("big")->find("big")->size() == 1);
}
