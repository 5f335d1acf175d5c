#include "lpctl/follower.hpp"
#include "support/catch.hpp"

#include <vector>

using namespace livepatch::lpctl;
using namespace std::chrono_literals;
using livepatch::base::PatchState;

namespace {

struct Look {
    std::chrono::milliseconds at;
    PatchState state;
};

Verdict verdict_after(Goal goal, bool queued, std::vector<Look> const& looks) {
    Follower::Time const start{};
    Follower follower("lp", goal, start, queued);
    for (auto const& look : looks)
        follower.see(look.state, start + look.at);
    return follower.verdict();
}

Verdict applying(std::vector<Look> const& looks) {
    return verdict_after(Goal::applied, false, looks);
}

Verdict reverting(std::vector<Look> const& looks) {
    return verdict_after(Goal::reverted, false, looks);
}

using enum PatchState;

} // namespace

TEST_CASE("a patch is applied when it is enabled, and not before") {
    CHECK(applying({{0ms, enabled}}) == Verdict::done);
    CHECK(applying({{0ms, enabling}, {60'000ms, enabling}}) == Verdict::waiting);
    CHECK(applying({{0ms, absent}, {100ms, enabling}, {200ms, enabled}}) == Verdict::done);
}

TEST_CASE("a transition that turns round has failed at once") {
    CHECK(applying({{0ms, enabling}, {100ms, disabling}}) == Verdict::failed);
    CHECK(applying({{0ms, enabling}, {100ms, disabled}}) == Verdict::failed);
    CHECK(applying({{0ms, enabling}, {100ms, absent}}) == Verdict::failed);
}

TEST_CASE("a patch that is never seen has failed after a while, unless it is queued") {
    CHECK(applying({{0ms, absent}, {4'900ms, absent}}) == Verdict::waiting);
    CHECK(applying({{0ms, absent}, {5'000ms, absent}}) == Verdict::failed);
    CHECK(verdict_after(Goal::applied, true, {{90'000ms, absent}}) == Verdict::waiting);
}

TEST_CASE("a queued patch is given up with the daemon") {
    Follower follower("lp", Goal::applied, {}, true);
    follower.see(absent, Follower::Time(1s));
    follower.give_up_if_queued();
    CHECK(follower.verdict() == Verdict::failed);

    Follower moving("lp", Goal::applied, {}, true);
    moving.see(enabling, Follower::Time(1s));
    moving.give_up_if_queued();
    CHECK(moving.verdict() == Verdict::waiting);
}

TEST_CASE("a patch is reverted when its module is gone") {
    CHECK(reverting({{0ms, absent}}) == Verdict::done);
    CHECK(reverting({{0ms, disabling}, {1'000ms, disabled}}) == Verdict::waiting);
    CHECK(reverting({{0ms, disabling}, {1'000ms, disabled}, {1'500ms, absent}}) == Verdict::done);
}

TEST_CASE("a module that cannot be unloaded is reverted, too") {
    CHECK(reverting({{0ms, disabled}, {2'900ms, disabled}}) == Verdict::waiting);
    CHECK(reverting({{0ms, disabled}, {3'000ms, disabled}}) == Verdict::stays_loaded);
}

TEST_CASE("the first moment of a disable looks like enabling") {
    CHECK(reverting({{0ms, enabling}, {150ms, disabling}}) == Verdict::waiting);
    CHECK(reverting({{0ms, disabling}, {150ms, enabling}}) == Verdict::failed);
}

TEST_CASE("a patch that stays enabled has not been reverted") {
    CHECK(reverting({{0ms, enabled}, {4'000ms, enabled}}) == Verdict::waiting);
    CHECK(reverting({{0ms, enabled}, {5'000ms, enabled}}) == Verdict::failed);
    CHECK(reverting({{0ms, disabling}, {100ms, enabled}}) == Verdict::failed);
}

TEST_CASE("a verdict stands") {
    CHECK(applying({{0ms, enabled}, {100ms, disabling}}) == Verdict::done);
    Follower follower("lp", Goal::applied, {}, false);
    follower.see(enabled, {});
    follower.give_up();
    CHECK(follower.verdict() == Verdict::done);
}
