#include "repository/rollout.hpp"
#include "support/catch.hpp"
#include "trust/tuf/header.hpp"

#include <fmt/format.h>

using namespace livepatch;
using namespace repository;

namespace {

Time at(char const* text) {
    return *trust::tuf::parse_time(text);
}

constexpr std::uint64_t middle = std::uint64_t{1} << 63U; // half of all hosts are before it

Rollout staged() {
    return {
        .rings = {
            {"canary", {{at("2026-11-20T10:00:00Z"), 100}}},
            {"default",
             {{at("2026-11-20T16:00:00Z"), 1},
              {at("2026-11-21T10:00:00Z"), 50},
              {at("2026-11-22T10:00:00Z"), 51},
              {at("2026-11-23T10:00:00Z"), 100}}}}};
}

} // namespace

// By: printf 'livepatchd-rollout-v1\0corp\0LP-2026-0007' | openssl dgst -sha256 -hmac MACHINE-ID
TEST_CASE("a host's place is what anybody computes from its machine-id") {
    CHECK(
        rollout_place("4c3a3dfc8f154d4c8ac16e2e4b0d2e11", "corp", "LP-2026-0007") ==
        0x46f9c8275c16bcdcU
    );
}

TEST_CASE("each patch has its own order of hosts, and each repository") {
    auto const one = rollout_place("4c3a3dfc8f154d4c8ac16e2e4b0d2e11", "corp", "LP-1");
    CHECK(one != rollout_place("4c3a3dfc8f154d4c8ac16e2e4b0d2e11", "corp", "LP-2"));
    CHECK(one != rollout_place("4c3a3dfc8f154d4c8ac16e2e4b0d2e11", "other", "LP-1"));
    CHECK(one != rollout_place("4c3a3dfc8f154d4c8ac16e2e4b0d2e12", "corp", "LP-1"));
    // What is between the parts cannot be moved.
    CHECK(rollout_place("m", "a", "bc") != rollout_place("m", "ab", "c"));
}

TEST_CASE("as many hosts have a patch as its publisher says") {
    constexpr int hosts = 20'000;
    for (unsigned const percent : {1U, 5U, 25U, 50U, 99U}) {
        Rollout const rollout{.rings = {{"default", {{Time(), percent}}}}};
        int reached = 0;
        for (int host = 0; host < hosts; ++host) {
            auto const place = rollout_place(fmt::format("{:032x}", host), "corp", "LP-1");
            reached += RolloutPlan(rollout, "default", place).reaches(Time()) ? 1 : 0;
        }
        CHECK(std::abs(reached * 100.0 / hosts - percent) < 1.0);
    }
}

TEST_CASE("nobody is left out of a hundred percent, nor taken into none") {
    for (auto const place : {std::uint64_t{0}, middle, UINT64_MAX}) {
        Rollout rollout{.rings = {{"default", {{Time(), 100}}}}};
        CHECK(RolloutPlan(rollout, "default", place).reaches(Time()));
        rollout.rings["default"][0].percent = 0;
        CHECK_FALSE(RolloutPlan(rollout, "default", place).reaches(Time()));
    }
    Rollout const half{.rings = {{"default", {{Time(), 50}}}}};
    CHECK(RolloutPlan(half, "default", middle - 1000).reaches(Time()));
    CHECK_FALSE(RolloutPlan(half, "default", middle + 1000).reaches(Time()));
}

TEST_CASE("a host knows when its turn comes") {
    RolloutPlan const plan(staged(), "default", middle + 1000);
    auto const turn = at("2026-11-22T10:00:00Z"); // 51 percent
    for (auto const* now : {"2026-11-01T00:00:00Z", "2026-11-21T12:00:00Z"}) {
        CHECK_FALSE(plan.reaches(at(now)));
        CHECK(plan.turn(at(now)) == turn);
    }
    CHECK(plan.reaches(turn));
    CHECK_FALSE(plan.turn(turn));
    CHECK(plan.percent(at("2026-11-20T15:59:59Z")) == 0);
    CHECK(plan.percent(at("2026-11-20T16:00:00Z")) == 1);
    CHECK(plan.percent(at("2026-11-21T12:00:00Z")) == 50);
    CHECK(plan.place() == 5000);
    CHECK(RolloutPlan(staged(), "default", UINT64_MAX).place() == 9999);
    CHECK(RolloutPlan(staged(), "default", 0).place() == 0);
}

TEST_CASE("a host is of a ring") {
    auto const now = at("2026-11-20T11:00:00Z");
    CHECK(RolloutPlan(staged(), "canary", UINT64_MAX).reaches(now));
    CHECK_FALSE(RolloutPlan(staged(), "default", 0).reaches(now));
    // One that the publisher has not got counts as "default".
    CHECK_FALSE(RolloutPlan(staged(), "mine", 0).reaches(now));
    CHECK(RolloutPlan(staged(), "mine", 0).reaches(at("2026-11-20T16:00:00Z")));
    // Where there is no "default", it is meant for the others alone.
    auto const canary = Rollout{.rings = {{"canary", staged().rings["canary"]}}};
    CHECK_FALSE(RolloutPlan(canary, "default", 0).reaches(at("2030-01-01T00:00:00Z")));
    CHECK_FALSE(RolloutPlan(canary, "default", 0).turn(now));
    CHECK(RolloutPlan(Rollout{.rings = {{"default", {}}}}, "default", 0).percent(now) == 0);
}

TEST_CASE("without a rollout, everybody has it at once") {
    RolloutPlan plan;
    CHECK(plan.reaches(Time()));
    CHECK_FALSE(plan.is_paused());
    CHECK(RolloutPlan(Rollout(), "default", UINT64_MAX).reaches(Time()));
    CHECK(RolloutPlan(Rollout{.paused = true}, "default", 0).is_paused());
    // But not before it is published.
    plan.not_before(at("2026-11-20T10:00:00Z"));
    CHECK_FALSE(plan.reaches(at("2026-11-20T09:59:59Z")));
    CHECK(plan.turn(at("2026-11-20T09:59:59Z")) == at("2026-11-20T10:00:00Z"));
    CHECK(plan.reaches(at("2026-11-20T10:00:00Z")));
}

TEST_CASE("steps that go back take in nobody new") {
    Rollout const rollout{
        .rings = {
            {"default",
             {{at("2026-11-20T00:00:00Z"), 60},
              {at("2026-11-21T00:00:00Z"), 10},
              {at("2026-11-22T00:00:00Z"), 80}}}}};
    RolloutPlan plan(rollout, "default", middle);
    CHECK(plan.reaches(at("2026-11-20T12:00:00Z")));
    CHECK_FALSE(plan.reaches(at("2026-11-21T12:00:00Z")));
    CHECK(plan.turn(at("2026-11-21T12:00:00Z")) == at("2026-11-22T00:00:00Z"));
    // Published when the share is small: the first step after that counts.
    plan.not_before(at("2026-11-21T12:00:00Z"));
    CHECK(plan.turn(at("2026-11-20T12:00:00Z")) == at("2026-11-22T00:00:00Z"));
}
