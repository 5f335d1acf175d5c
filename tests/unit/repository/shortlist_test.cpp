#include "repository/shortlist.hpp"
#include "support/catch.hpp"
#include "trust/tuf/header.hpp"

using namespace livepatch;
using namespace repository;
using Strings = std::vector<std::string>;

namespace {

Time const now = *trust::tuf::parse_time("2026-06-01T00:00:00Z");

struct Bench {
    KernelCatalogue catalogue;
    BrakeList brakes;
    RolloutHost host{.machine_id = "m", .repository = "corp"};

    PatchEntry& add(std::string const& id, bool cumulative) {
        auto& patch = catalogue.patches.emplace_back();
        patch.id = id;
        patch.module.sha256 = "sha " + id;
        patch.replace = cumulative;
        return patch;
    }

    Strings needed() const {
        Strings ids;
        for (auto const* patch : needed_now(catalogue, brakes, host, now))
            ids.push_back(patch->id);
        return ids;
    }
};

Rollout const never{.rings = {{"default", {}}}};

} // namespace

TEST_CASE("of cumulative patches the newest is needed, and what comes on top of it") {
    Bench bench;
    bench.add("old", false);
    bench.add("first", true);
    bench.add("second", true);
    bench.add("top", false);
    CHECK(bench.needed() == Strings{"second", "top"});
}

TEST_CASE("what cannot be had takes nobody's place") {
    Bench bench;
    bench.add("first", true);
    auto& second = bench.add("second", true);
    SECTION("withdrawn") {
        second.withdrawn = Withdrawal{};
    }
    SECTION("braked") {
        bench.brakes["sha second"] = "";
    }
    SECTION("paused") {
        second.rollout = Rollout{.paused = true};
    }
    SECTION("not on this host yet") {
        second.rollout = never;
    }
    SECTION("not published yet") {
        second.published = now + std::chrono::seconds(1);
    }
    CHECK(bench.needed() == Strings{"first"});
}

TEST_CASE("what is superseded by name is not needed, unless somebody requires it") {
    Bench bench;
    bench.add("a", false);
    bench.add("b", false);
    bench.add("c", false).supersedes = {"a", "b"};
    CHECK(bench.needed() == Strings{"c"});
    bench.add("d", false).needs = {"b"};
    CHECK(bench.needed() == Strings{"b", "c", "d"});
}

TEST_CASE("why something is not to be loaded any more") {
    Bench bench;
    auto& patch = bench.add("a", false);
    CHECK_FALSE(taken_back(patch, bench.brakes));
    bench.brakes["sha a"] = "stop";
    CHECK(taken_back(patch, bench.brakes) == Withdrawal{.reason = "brake: stop"});
    patch.withdrawn = Withdrawal{.reason = "hurts", .revert = true};
    CHECK(taken_back(patch, bench.brakes) == patch.withdrawn); // who signs more says more
}

TEST_CASE("a host without a name is the last") {
    Bench bench;
    auto& patch = bench.add("a", false);
    patch.rollout = Rollout{.rings = {{"default", {{Time(), 99}}}}};
    bench.host.machine_id.clear();
    CHECK_FALSE(plan_of(patch, bench.host).reaches(now));
    patch.rollout->rings["default"][0].percent = 100;
    CHECK(plan_of(patch, bench.host).reaches(now));
}

TEST_CASE("a brake list is of its form") {
    auto const digest = std::string(64, 'a');
    auto const list = parse_brake_list(
        R"({"schema":"livepatchd.brake/1","x":1,"modules":[{"sha256":")" + digest +
            R"(","reason":"r"}]})",
        "brake.json"
    );
    REQUIRE(list);
    CHECK(list->at(digest) == "r");
    auto const refused = [](std::string const& text) {
        auto const parsed = parse_brake_list(text, "brake.json");
        REQUIRE(parsed.has_error());
        CHECK(parsed.error().code == base::Errc::verification_failed);
        return parsed.error().cause;
    };
    CHECK(refused("{}") == "schema must be there");
    CHECK(refused("[]") == "schema must be there");
    CHECK(refused(R"({"schema":"livepatchd.brake/1"})") == "modules must be there");
    CHECK(
        refused(R"({"schema":"livepatchd.brake/2","modules":[]})") ==
        "schema must be \"livepatchd.brake/1\""
    );
    CHECK(
        refused(R"({"schema":"livepatchd.brake/1","modules":[{"sha256":"abc"}]})") ==
        "modules[0].sha256 must be a SHA-256 in lower-case hex"
    );
}
