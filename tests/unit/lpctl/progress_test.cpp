#include "lpctl/progress.hpp"
#include "support/catch.hpp"

#include <sstream>

using namespace livepatch::lpctl;
using namespace std::chrono_literals;
using livepatch::base::PatchState;

namespace {

constexpr Terminal on_terminal{.interactive = true, .colour = false, .utf8 = false, .width = 30};

} // namespace

TEST_CASE("a movement in words") {
    CHECK(
        movement_text({"lp", PatchState::enabling, 3, 12'300ms}) ==
        "lp: enabling, 3 tasks remaining, 12 s"
    );
    CHECK(
        movement_text({"lp", PatchState::enabling, 1, 1s}) == "lp: enabling, 1 task remaining, 1 s"
    );
    CHECK(movement_text({"lp", PatchState::disabling, {}, 200ms}) == "lp: disabling");
    CHECK(movement_text({"lp", PatchState::disabling, 0, 200ms}) == "lp: disabling");
    CHECK(movement_text({"lp", PatchState::disabled, 3, 0ms}) == "lp: unloading");
    CHECK(movement_text({"lp", PatchState::absent, {}, 0ms}) == "lp: waiting");
    CHECK(movement_text({"l\x1bp", PatchState::enabled, {}, 0ms}) == "l\\x1bp: enabled");
}

TEST_CASE("on a terminal one line is drawn over and never wraps") {
    std::ostringstream err;
    {
        Progress progress(err, on_terminal);
        progress.show({"lp", PatchState::enabling, 3, 1s});
        CHECK(err.str() == "\r| lp: enabling, 3 tasks re...\x1b[K");
        progress.show({"lp", PatchState::enabling, 2, 1s});
        CHECK(err.str().find('\n') == std::string::npos);
    }
    CHECK(err.str().ends_with("\r\x1b[K")); // gone with its owner
}

TEST_CASE("elsewhere a line tells of news, and one every ten seconds") {
    std::ostringstream err;
    Progress progress(err, {});
    progress.show({"lp", PatchState::enabling, 3, 0s});
    progress.show({"lp", PatchState::enabling, 2, 5s});
    CHECK(err.str() == "lp: enabling, 3 tasks remaining\n");
    progress.show({"lp", PatchState::enabling, 2, 10s});
    progress.show({"lp", PatchState::enabling, 2, 11s});
    progress.show({"lp", PatchState::disabling, 2, 12s});
    CHECK(
        err.str() == "lp: enabling, 3 tasks remaining\n"
                     "lp: enabling, 2 tasks remaining, 10 s\n"
                     "lp: disabling, 2 tasks remaining, 12 s\n"
    );
    progress.clear();
    CHECK(err.str().find('\x1b') == std::string::npos);
}
