#include "engine/settle.hpp"
#include "support/catch.hpp"
#include "world_builder.hpp"

#include <algorithm>

using namespace livepatch;
using namespace livepatch::engine;
using base::PatchState;
using Strings = std::vector<std::string>;

namespace {

// One record, as it was and as the kernel shows it now.
struct Case {
    WorldBuilder world = {};
    std::optional<kernel::Observation> before = kernel::Observation();
    std::string in_flight = {};
    std::set<std::string, std::less<>> fresh = {};
    Strings events = {};
    bool changed = false;

    explicit Case(Stage stage, PatchState was = PatchState::enabled) {
        world.record("lp", stage);
        if (was != PatchState::absent)
            before->patches.push_back({.name = "lp", .state = was});
    }

    Case& now(PatchState state) {
        if (state != PatchState::absent)
            world.see("lp", state);
        return run();
    }

    Case& run() {
        std::sort(
            world.observed.patches.begin(),
            world.observed.patches.end(),
            [](auto const& left, auto const& right) { return left.name < right.name; }
        );
        auto const settled = settle(
            world.state,
            {.before = before ? &*before : nullptr,
             .now = world.observed,
             .catalogue = world.catalogue,
             .boot_id = "boot",
             .in_flight = in_flight,
             .fresh = fresh,
             .time = {}}
        );
        changed = settled.changed;
        for (auto const& event : settled.events)
            events.push_back(std::string(name(event.kind)) + ' ' + event.patch);
        return *this;
    }

    LoadRecord const* record() const { return world.state.find_load("lp", "boot"); }

    bool held() const { return world.state.find_hold("sha lp") != nullptr; }
};

} // namespace

TEST_CASE("a load on its way is followed to its end") {
    SECTION("accepted, seen by a daemon that was killed before it heard of it") {
        auto const seen = Case(Stage::intended, PatchState::absent).now(PatchState::enabling);
        CHECK(seen.record()->stage == Stage::loaded);
        CHECK(seen.changed);
        CHECK(seen.events.empty());
    }
    SECTION("still enabling") {
        auto const seen = Case(Stage::loaded, PatchState::enabling).now(PatchState::enabling);
        CHECK(seen.record()->stage == Stage::loaded);
        CHECK_FALSE(seen.changed); // nothing to write at every look
    }
    SECTION("enabled") {
        auto const stage = GENERATE(Stage::intended, Stage::loaded);
        auto const seen = Case(stage, PatchState::enabling).now(PatchState::enabled);
        CHECK(seen.record()->stage == Stage::enabled);
        CHECK(seen.events == Strings{"enabled lp"});
    }
    SECTION("and then nothing is news any more") {
        auto const seen = Case(Stage::enabled).now(PatchState::enabled);
        CHECK(seen.record()->stage == Stage::enabled);
        CHECK_FALSE(seen.changed);
        CHECK(seen.events.empty());
    }
    SECTION("never taken by the kernel") {
        auto const seen = Case(Stage::intended, PatchState::absent).now(PatchState::absent);
        CHECK(seen.record() == nullptr);
        CHECK(seen.changed);
        CHECK_FALSE(seen.held());
        CHECK(seen.events.empty());
    }
}

TEST_CASE("what somebody else took out is held") {
    auto const stage = GENERATE(Stage::loaded, Stage::enabled);
    SECTION("disabled") {
        auto const state = GENERATE(PatchState::disabling, PatchState::disabled);
        auto const seen = Case(stage).now(state);
        CHECK(seen.held());
        CHECK(seen.record()->stage == Stage::reverting); // what is left is ours to clean up
        CHECK(seen.events == Strings{"foreign-change lp"});
        CHECK(seen.world.state.holds[0].reason == "disabled by another tool");
    }
    SECTION("unloaded") {
        auto const seen = Case(stage).now(PatchState::absent);
        CHECK(seen.held());
        CHECK(seen.record() == nullptr);
        CHECK(seen.events == Strings{"foreign-change lp"});
    }
    SECTION("and with it what is offered under its name now") {
        Case seen(stage);
        seen.world.offer("lp").sha256 = "newer";
        seen.now(PatchState::absent);
        CHECK(seen.held());
        CHECK(seen.world.state.find_hold("newer") != nullptr);
    }
    SECTION("but not while we are at it") {
        Case seen(stage);
        seen.in_flight = "lp";
        seen.now(GENERATE(PatchState::absent, PatchState::disabling, PatchState::disabled));
        CHECK_FALSE(seen.held());
        CHECK_FALSE(seen.changed);
        CHECK(seen.events.empty());
    }
    SECTION("nor what another boot had") {
        Case seen(stage);
        seen.world.state.loads[0].boot_id = "earlier";
        seen.now(PatchState::absent);
        CHECK_FALSE(seen.held());
        CHECK_FALSE(seen.changed);
    }
    SECTION("also when another build of it was loaded in its place") {
        Case seen(stage);
        seen.world.state.loads[0].build_id = "aa";
        seen.world.see("lp", PatchState::enabled).build_id = "bb";
        seen.run();
        CHECK(seen.held());
        CHECK(seen.record() == nullptr);
    }
}

TEST_CASE("a revert is followed to its end") {
    SECTION("begun") {
        auto const seen = Case(Stage::reverting).now(PatchState::disabling);
        CHECK(seen.record()->stage == Stage::reverting);
        CHECK(seen.events.empty());
    }
    SECTION("disabled") {
        auto const seen = Case(Stage::reverting, PatchState::disabling).now(PatchState::disabled);
        CHECK(seen.events == Strings{"disabled lp"});
        CHECK(seen.record()->stage == Stage::reverting);
    }
    SECTION("still there") {
        auto const seen = Case(Stage::reverting, PatchState::disabled).now(PatchState::disabled);
        CHECK(seen.events.empty());
        CHECK_FALSE(seen.changed);
    }
    SECTION("unloaded") {
        auto const seen = Case(Stage::reverting, PatchState::disabled).now(PatchState::absent);
        CHECK(seen.events == Strings{"removed lp"});
        CHECK(seen.record() == nullptr);
        CHECK_FALSE(seen.held()); // whoever asked for it puts the hold
    }
    SECTION("turned round by another tool") {
        auto const seen = Case(Stage::reverting, PatchState::enabling).now(PatchState::enabled);
        CHECK(seen.record()->stage == Stage::enabled);
        CHECK(seen.events == Strings{"foreign-change lp"});
    }
    SECTION("not begun when the daemon was killed") {
        Case seen(Stage::reverting);
        seen.before.reset();
        seen.now(PatchState::enabled);
        CHECK(seen.record()->stage == Stage::enabled);
        CHECK(seen.events.empty());
    }
}

TEST_CASE("a patch of another tool that is being taken out never becomes ours") {
    Case seen(Stage::reverting);
    seen.world.state.loads[0].sha256.clear();
    SECTION("turned round") {
        seen.now(PatchState::enabled);
        CHECK(seen.record() == nullptr);
    }
    SECTION("gone") {
        seen.now(PatchState::absent);
        CHECK(seen.record() == nullptr);
        CHECK(seen.world.state.holds.empty());
    }
}

TEST_CASE("what a cumulative patch replaced is no foreign act") {
    Case seen(GENERATE(Stage::loaded, Stage::enabled));
    auto& other = seen.world.see("lp_all", GENERATE(PatchState::enabling, PatchState::enabled));
    auto const now = GENERATE(PatchState::disabled, PatchState::absent);
    auto const replace = GENERATE(module::Replace::yes, module::Replace::unknown);
    seen.fresh = {"lp_all"};

    SECTION("by the word of the kernel") {
        other.replace = true;
    }
    SECTION("by what is known about it") {
        seen.world.record("lp_all", Stage::loaded).replace = replace;
    }
    SECTION("by another tool, about which nothing is known") {}

    seen.now(now);
    CHECK_FALSE(seen.held());
    REQUIRE(seen.record() != nullptr);
    CHECK(seen.record()->stage == Stage::replaced);
    CHECK(seen.record()->replaced_by == "lp_all");
    CHECK(std::count(seen.events.begin(), seen.events.end(), "replaced lp") == 1);
}

TEST_CASE("what cannot have been replaced was taken out by somebody") {
    Case seen(Stage::enabled);
    auto& other = seen.world.see("lp_new", PatchState::enabled);
    seen.fresh = {"lp_new"};
    SECTION("the other one was there long before") {
        seen.fresh.clear();
    }
    SECTION("the other one replaces nothing, says the kernel") {
        other.replace = false;
    }
    SECTION("the other one replaces nothing, says its file") {
        seen.world.record("lp_new");
    }
    SECTION("the other one was loaded before it") {
        seen.world.record("lp_new").replace = module::Replace::yes;
        std::swap(seen.world.state.loads[0], seen.world.state.loads[1]);
    }
    SECTION("the other one is going, too") {
        other.state = PatchState::disabling;
    }
    seen.now(PatchState::absent);
    CHECK(seen.held());
}

TEST_CASE("a patch whose own transition runs is not being replaced") {
    Case seen(Stage::enabled);
    seen.world.see("lp_all", PatchState::enabled).replace = true;
    seen.fresh = {"lp_all"};
    seen.now(PatchState::disabling);
    CHECK(seen.held());
}

TEST_CASE("a replaced patch is remembered as long as what replaced it is there") {
    Case seen(Stage::replaced, PatchState::absent);
    seen.world.state.loads[0].replaced_by = "lp_all";
    SECTION("and its module may be, too") {
        seen.world.see("lp_all", PatchState::enabled);
        seen.now(GENERATE(PatchState::absent, PatchState::disabled));
        CHECK(seen.record() != nullptr);
    }
    SECTION("not when that is going") {
        seen.world.see("lp_all", PatchState::disabling);
        seen.now(PatchState::absent);
        CHECK(seen.record() == nullptr);
    }
    SECTION("not when that is gone") {
        seen.now(PatchState::absent);
        CHECK(seen.record() == nullptr);
        CHECK(seen.events.empty());
    }
    SECTION("not when another tool loaded it again") {
        seen.world.see("lp_all", PatchState::enabled);
        seen.now(GENERATE(PatchState::enabling, PatchState::enabled));
        CHECK(seen.record() == nullptr);
        CHECK_FALSE(seen.held());
    }
}

TEST_CASE("what was replaced by what is replaced in turn is still replaced") {
    Case seen(Stage::replaced, PatchState::absent);
    seen.world.state.loads[0].replaced_by = "lp_1";
    auto& first = seen.world.record("lp_1", GENERATE(Stage::enabled, Stage::replaced));
    first.replace = module::Replace::yes;
    first.replaced_by = first.stage == Stage::replaced ? "lp_2" : "";
    seen.world.record("lp_2", Stage::loaded).replace = module::Replace::yes;
    seen.world.see("lp_2", PatchState::enabled);
    seen.fresh = {"lp_2"};
    SECTION("gone") {
        seen.now(PatchState::absent);
    }
    SECTION("its module still there") {
        seen.now(PatchState::disabled);
    }
    REQUIRE(seen.record() != nullptr);
    CHECK(seen.record()->replaced_by == "lp_2");
    CHECK_FALSE(seen.held());
}

TEST_CASE("records that name each other in a circle are no way round") {
    Case seen(Stage::replaced, PatchState::absent);
    seen.world.state.loads[0].replaced_by = "lp_1";
    seen.world.record("lp_1", Stage::replaced).replaced_by = "lp";
    seen.now(PatchState::absent);
    CHECK(seen.record() == nullptr);
}

TEST_CASE("at the first look only what was not enabled yet can have replaced what is gone") {
    Case seen(Stage::enabled);
    seen.before.reset();
    auto& other = seen.world.record("lp_b", Stage::enabled);
    other.replace = module::Replace::unknown;
    seen.world.see("lp_b", PatchState::enabled);
    seen.fresh = {"lp_b"};
    SECTION("somebody took it out while the daemon was away") {
        seen.now(PatchState::absent);
        CHECK(seen.held());
        CHECK(seen.events == Strings{"foreign-change lp"});
    }
    SECTION("what came after it was enabled while the daemon was away") {
        other.stage = Stage::loaded;
        seen.now(PatchState::absent);
        CHECK_FALSE(seen.held());
        CHECK(seen.record()->stage == Stage::replaced);
    }
    SECTION("what came after it is known to be cumulative") {
        other.replace = module::Replace::yes;
        seen.now(PatchState::absent);
        CHECK_FALSE(seen.held());
        CHECK(seen.record()->stage == Stage::replaced);
    }
    SECTION("what is there now was loaded before it") {
        other.stage = Stage::loaded;
        std::swap(seen.world.state.loads[0], seen.world.state.loads[1]);
        seen.now(PatchState::absent);
        CHECK(seen.held());
    }
}

TEST_CASE("other tools' patches are told when they come and go") {
    Case seen(Stage::enabled);
    seen.before->patches.push_back({.name = "zz", .state = PatchState::enabled});
    seen.world.see("foreign", PatchState::enabling);
    SECTION("while the daemon looks") {
        seen.now(PatchState::enabled);
        CHECK(seen.events == Strings{"foreign-change foreign", "foreign-change zz"});
        CHECK_FALSE(seen.changed);
    }
    SECTION("not what is found at the start") {
        seen.before.reset();
        seen.now(PatchState::enabled);
        CHECK(seen.events.empty());
    }
    SECTION("not what we are loading") {
        seen.in_flight = "foreign";
        seen.now(PatchState::enabled);
        CHECK(seen.events == Strings{"foreign-change zz"});
    }
}
