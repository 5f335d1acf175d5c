#include "base/result.hpp"
#include "support/catch.hpp"

#include <cerrno>
#include <stdexcept>

using namespace livepatch::base;

TEST_CASE("an error names the thing, the cause and the remedy on one safe line") {
    Error const error{
        .code = Errc::verification_failed,
        .subject = "evil\n.ko",
        .cause = "not signed",
        .remedy = "sign it"};
    CHECK(describe(error) == "evil\\x0a.ko: not signed; sign it");
    CHECK(
        describe({.code = Errc::failed, .subject = "", .cause = "just so", .remedy = ""}) ==
        "just so"
    );
}

TEST_CASE("a system error keeps errno and says it in words") {
    auto const error = system_error("/x", "cannot open", ENOENT);
    CHECK(error.os_error == ENOENT);
    CHECK(describe(error) == "/x: cannot open: No such file or directory");
}

TEST_CASE("a result holds a value or an error") {
    Result<int> const good = 3;
    CHECK(good.value() == 3);
    Result<int> const bad = system_error("/x", "cannot open", EACCES);
    REQUIRE(bad.has_error());
    CHECK_THROWS_AS(bad.value(), std::logic_error);
    Result<void> const nothing;
    CHECK(nothing.has_value());
}
