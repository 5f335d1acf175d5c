#include "support/catch.hpp"
#include "world_builder.hpp"

using namespace livepatch;
using namespace livepatch::engine;
using base::PatchState;
using Strings = std::vector<std::string>;
using Kind = Request::Kind;

namespace {

WorldBuilder ours(PatchState state, Stage stage = Stage::enabled) {
    WorldBuilder world;
    world.mode = report::Mode::manual;
    world.offer("lp");
    world.see("lp", state);
    world.record("lp", stage);
    return world;
}

} // namespace

TEST_CASE("what is scheduled is loaded in stack order") {
    WorldBuilder world;
    world.offer("b");
    world.offer("a");
    CHECK(world.steps() == Strings{"load b", "load a"});
    CHECK(world.actions()[0].offer == &world.catalogue.offers[0]);

    SECTION("but not in manual mode") {
        world.mode = report::Mode::manual;
        CHECK(world.steps().empty());
    }
    SECTION("nor when something stands in the way") {
        world.obstacle = "state-not-persistent";
        CHECK(world.steps().empty());
    }
    SECTION("nor when it is held or was refused") {
        world.hold("b");
        world.fail("a");
        CHECK(world.steps().empty());
    }
    SECTION("nor while any transition runs, whoever began it") {
        world.see("foreign", GENERATE(PatchState::enabling, PatchState::disabling));
        CHECK(world.steps().empty());
    }
    SECTION("nor while something is being done to it") {
        world.in_flight = "b";
        CHECK(world.steps() == Strings{"load a"});
    }
    SECTION("nor what another tool loaded under that name") {
        world.see("a", PatchState::enabled);
        CHECK(world.steps() == Strings{"load b"});
    }
}

TEST_CASE("what is left of ours is unloaded, if it can be") {
    auto world = ours(PatchState::disabled, GENERATE(Stage::reverting, Stage::replaced));
    CHECK(world.steps() == Strings{"remove lp"});
    world.mode = report::Mode::automatic;
    CHECK(world.steps() == Strings{"remove lp"}); // before it is loaded anew
    world.see("foreign", PatchState::enabling);
    CHECK(world.steps() == Strings{"remove lp"}); // no transition is needed for that
    world.unremovable.insert("lp");
    CHECK(world.steps().empty());
    world.unremovable.clear();
    world.state.loads.clear(); // another tool's
    CHECK(world.steps().empty());
}

TEST_CASE("a revert") {
    SECTION("disables what is enabled, in a quiet kernel") {
        auto world = ours(PatchState::enabled);
        world.request(Kind::revert, "lp");
        CHECK(world.steps() == Strings{"disable lp !1"});
        world.see("foreign", PatchState::disabling);
        CHECK(world.steps().empty());
    }
    SECTION("turns round what is enabling, as soon as its transition runs") {
        auto world = ours(PatchState::enabling, Stage::loaded);
        world.request(Kind::revert, "lp");
        CHECK(world.steps() == Strings{"disable lp !1"});
        world.observed.patches[0].transition = false;
        CHECK(world.steps().empty());
    }
    SECTION("has nothing to do when it is on its way out") {
        auto world = ours(PatchState::disabling);
        world.request(Kind::revert, "lp");
        CHECK(world.steps() == Strings{"finish lp !1"});
    }
    SECTION("leaves the rest to the clean-up when it is disabled") {
        auto world = ours(PatchState::disabled, Stage::reverting);
        world.request(Kind::revert, "lp");
        CHECK(world.steps() == Strings{"finish lp !1", "remove lp"});
    }
    SECTION("unloads what another tool left, once") {
        WorldBuilder world;
        world.see("foreign", PatchState::disabled);
        world.request(Kind::revert, "foreign");
        CHECK(world.steps() == Strings{"remove foreign !1"});
        world.unremovable.insert("foreign");
        CHECK(world.steps() == Strings{"finish foreign !1"});
    }
    SECTION("is done when nothing is there") {
        WorldBuilder world;
        world.request(Kind::revert, "lp");
        CHECK(world.steps() == Strings{"finish lp !1"});
    }
    SECTION("waits while something else is being done to it") {
        WorldBuilder world;
        world.in_flight = "lp";
        world.request(Kind::revert, "lp");
        CHECK(world.steps().empty());
    }
}

TEST_CASE("an apply") {
    WorldBuilder world;
    world.mode = report::Mode::manual;
    world.offer("lp");
    world.request(Kind::apply, "lp");

    SECTION("loads it in a quiet kernel") {
        CHECK(world.steps() == Strings{"load lp !1"});
        world.see("foreign", PatchState::enabling);
        CHECK(world.steps().empty());
    }
    SECTION("is done when it is active, whoever loaded it") {
        world.see("lp", GENERATE(PatchState::enabling, PatchState::enabled));
        CHECK(world.steps() == Strings{"finish lp !1"});
        world.record("lp");
        CHECK(world.steps() == Strings{"finish lp !1"});
    }
    SECTION("turns round what is on its way out, as long as that runs") {
        world.record("lp", Stage::reverting);
        world.see("lp", PatchState::disabling);
        CHECK(world.steps() == Strings{"enable lp !1"});
        world.observed.patches[0].transition = false;
        CHECK(world.steps().empty());
    }
    SECTION("unloads what is left before it loads anew") {
        world.record("lp", Stage::reverting);
        world.see("lp", PatchState::disabled);
        CHECK(world.steps() == Strings{"remove lp !1", "remove lp"});
    }
    SECTION("ignores that the kernel refused it before") {
        world.fail("lp");
        CHECK(world.steps() == Strings{"load lp !1"});
    }
    SECTION("fails when its file is gone, refused or another one") {
        auto changed = world;
        changed.catalogue.offers[0].sha256 = "another";
        CHECK(changed.steps() == Strings{"finish lp !1 error"});
        auto refused = world;
        refused.catalogue.offers[0].refused = base::Error{
            .code = base::Errc::verification_failed, .subject = "lp", .cause = "no", .remedy = {}};
        CHECK(refused.steps() == Strings{"finish lp !1 error"});
        world.catalogue.offers.clear();
        CHECK(world.steps() == Strings{"finish lp !1 error"});
        CHECK(world.actions()[0].error->code == base::Errc::not_found);
    }
    SECTION("replaces another tool's patch only when told to") {
        world.catalogue.offers[0].module.replace = module::Replace::yes;
        world.see("foreign", PatchState::enabled);
        CHECK(world.steps() == Strings{"finish lp !1 error"});
        world.requests[0].replace_unmanaged = true;
        CHECK(world.steps() == Strings{"load lp !1"});
        world.see("lp", PatchState::disabled); // a leftover of another tool does not give way
        CHECK(world.steps() == Strings{"finish lp !1 error"});
    }
}

TEST_CASE("requests come in their order, before what the daemon wants by itself") {
    WorldBuilder world;
    world.offer("a");
    world.offer("b");
    world.see("c", PatchState::enabled);
    world.record("c");
    world.request(Kind::revert, "c");
    world.request(Kind::apply, "b");
    CHECK(world.steps() == Strings{"disable c !1", "load b !2", "load a", "load b"});
}
