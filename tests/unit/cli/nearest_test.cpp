#include "cli/nearest.hpp"
#include "support/catch.hpp"

using livepatch::cli::nearest;

TEST_CASE("nearest finds the word that was meant") {
    std::vector<std::string> const verbs{"status", "list", "show", "apply", "revert", "blockers"};
    CHECK(nearest("statsu", verbs) == "status");
    CHECK(nearest("aply", verbs) == "apply");
    CHECK(nearest("blocker", verbs) == "blockers");
    CHECK(nearest("lsit", verbs) == "list");
}

TEST_CASE("nearest suggests nothing far away") {
    CHECK(nearest("frobnicate", {"status", "list"}).empty());
    CHECK(nearest("x", {"status"}).empty());
    CHECK(nearest("", {"status"}).empty());
    CHECK(nearest("status", {}).empty());
    CHECK(nearest(std::string(5'000, 'a'), {std::string(5'000, 'a')}).empty());
}
