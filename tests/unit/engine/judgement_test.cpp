#include "support/catch.hpp"
#include "world_builder.hpp"

using namespace livepatch;
using namespace livepatch::engine;
using base::Errc;
using base::PatchState;
using report::Disposition;

namespace {

base::Error refused(Errc code = Errc::verification_failed) {
    return {.code = code, .subject = "lp.ko", .cause = "no signature", .remedy = {}};
}

// Offered, and enabled by us.
WorldBuilder enabled(std::string const& name = "lp") {
    WorldBuilder world;
    world.offer(name);
    world.see(name, PatchState::enabled);
    world.record(name);
    return world;
}

} // namespace

TEST_CASE("what nobody loaded yet") {
    WorldBuilder world;
    world.offer("lp");
    CHECK(world.judged("lp").disposition == Disposition::scheduled);
    CHECK(world.judged("lp").state == PatchState::absent);
    CHECK_FALSE(world.judged("lp").refusal);
    CHECK_FALSE(world.judged("lp").as_wanted);

    SECTION("waits for an admin in manual mode") {
        world.mode = report::Mode::manual;
        CHECK(world.judged("lp").disposition == Disposition::available);
        CHECK(world.judged("lp").reason.empty());
    }
    SECTION("waits for an admin when something stands in the way") {
        world.obstacle = "state-not-persistent";
        CHECK(world.judged("lp").disposition == Disposition::available);
        CHECK(world.judged("lp").reason == "not loaded by itself: state-not-persistent");
        CHECK_FALSE(world.judged("lp").refusal);
    }
    SECTION("is held when its digest is") {
        world.hold("lp");
        world.fail("lp");
        CHECK(world.judged("lp").disposition == Disposition::held);
        CHECK(world.judged("lp").reason == "held");
        CHECK_FALSE(world.judged("lp").refusal); // an apply by name lifts it
    }
    SECTION("is rejected when its file cannot be used") {
        world.catalogue.offers[0].refused = refused();
        CHECK(world.judged("lp").disposition == Disposition::rejected);
        CHECK(world.judged("lp").reason == "lp.ko: no signature");
        CHECK(world.judged("lp").refusal->code == Errc::verification_failed);
    }
    SECTION("is rejected when it is for another kernel") {
        world.catalogue.offers[0].refused = refused(Errc::wrong_kernel);
        CHECK(world.judged("lp").disposition == Disposition::rejected);
        CHECK(world.judged("lp").refusal->code == Errc::wrong_kernel);
    }
    SECTION("is rejected by a kernel without livepatching") {
        world.livepatch = false;
        CHECK(world.judged("lp").disposition == Disposition::rejected);
        CHECK(world.judged("lp").refusal->code == Errc::unsupported);
    }
    SECTION("is rejected when the kernel refused it, but an admin may try") {
        world.fail("lp");
        CHECK(world.judged("lp").disposition == Disposition::rejected);
        CHECK(world.judged("lp").reason == "lp: refused");
        CHECK_FALSE(world.judged("lp").refusal);
    }
}

TEST_CASE("what we loaded") {
    auto world = enabled();
    CHECK(world.judged("lp").disposition == Disposition::managed);
    CHECK(world.judged("lp").as_wanted);

    SECTION("is managed in every state") {
        for (auto const state :
             {PatchState::enabling, PatchState::enabled, PatchState::disabling}) {
            world.observed.patches[0].state = state;
            CHECK(world.judged("lp").disposition == Disposition::managed);
        }
        world.observed.patches[0].state = PatchState::disabling;
        CHECK_FALSE(world.judged("lp").as_wanted);
    }
    SECTION("is managed when its file is gone or broken") {
        world.catalogue.offers[0].refused = refused();
        CHECK(world.judged("lp").disposition == Disposition::managed);
        CHECK(world.judged("lp").as_wanted);
        world.catalogue.offers.clear();
        CHECK(world.judged("lp").disposition == Disposition::managed);
        CHECK(world.judged("lp").as_wanted);
    }
    SECTION("is held when its digest is") {
        world.hold("lp");
        CHECK(world.judged("lp").disposition == Disposition::held);
    }
    SECTION("is not what is offered when the digests differ") {
        world.catalogue.offers[0].sha256 = "another";
        auto const judged = world.judged("lp");
        CHECK(judged.disposition == Disposition::managed);
        CHECK_FALSE(judged.as_wanted);
        CHECK(judged.refusal->code == Errc::conflict);
        CHECK(judged.refusal->remedy == "revert it first: lpctl revert lp");
        CHECK(judged.reason == "another build is offered; revert it first: lpctl revert lp");
    }
    SECTION("disabled, it is on its way out, and judged as if it were gone already") {
        world.observed.patches[0].state = PatchState::disabled;
        CHECK(world.judged("lp").disposition == Disposition::scheduled);
        CHECK(world.judged("lp").state == PatchState::disabled);
        world.hold("lp");
        CHECK(world.judged("lp").disposition == Disposition::held);
        world.unremovable.insert("lp");
        CHECK(world.judged("lp").refusal->code == Errc::conflict);
        CHECK(world.judged("lp").refusal->remedy == "reboot");
    }
    SECTION("disabled and not offered, it is still ours") {
        world.observed.patches[0].state = PatchState::disabled;
        world.catalogue.offers.clear();
        CHECK(world.judged("lp").disposition == Disposition::managed);
        world.state.loads[0].stage = Stage::replaced;
        world.state.loads[0].replaced_by = "lp_all";
        CHECK(world.judged("lp").disposition == Disposition::replaced);
        CHECK(world.judged("lp").reason == "replaced by lp_all");
    }
}

TEST_CASE("what another tool loaded") {
    WorldBuilder world;
    world.see("foreign", PatchState::enabled);
    CHECK(world.judged("foreign").disposition == Disposition::unmanaged);
    CHECK(world.judged("foreign").reason == "loaded by another tool");
    CHECK(world.judged("foreign").as_wanted);
    CHECK(world.judged("foreign").refusal->code == Errc::not_found);

    SECTION("is not ours by a record of another boot or another build") {
        world.record("foreign").boot_id = "earlier";
        CHECK(world.judged("foreign").disposition == Disposition::unmanaged);
        world.state.loads[0].boot_id = "boot";
        CHECK(world.judged("foreign").disposition == Disposition::managed);
        world.state.loads[0].build_id = "aa";
        CHECK(world.judged("foreign").disposition == Disposition::managed);
        world.observed.patches[0].build_id = "bb";
        CHECK(world.judged("foreign").disposition == Disposition::unmanaged);
    }
    SECTION("stays unmanaged while an admin has it taken out") {
        world.record("foreign", Stage::reverting).sha256.clear();
        CHECK(world.judged("foreign").disposition == Disposition::unmanaged);
    }
    SECTION("is what is offered unless the build-ids say otherwise") {
        world.offer("foreign");
        CHECK(world.judged("foreign").as_wanted);
        CHECK_FALSE(world.judged("foreign").refusal);
        world.observed.patches[0].build_id = "aa";
        world.catalogue.offers[0].module.build_id = "bb";
        CHECK_FALSE(world.judged("foreign").as_wanted);
        CHECK(world.judged("foreign").refusal->code == Errc::conflict);
        CHECK(world.judged("foreign").disposition == Disposition::unmanaged);
    }
    SECTION("disabled, it stands in the way of what is offered under its name") {
        world.offer("foreign");
        world.observed.patches[0].state = PatchState::disabled;
        CHECK(world.judged("foreign").disposition == Disposition::unmanaged);
        CHECK(world.judged("foreign").refusal->remedy == "unload it: rmmod foreign");
        world.observed.patches[0].pinned = true;
        CHECK(world.judged("foreign").refusal->remedy == "reboot");
    }
}

TEST_CASE("what would replace another tool's patch is refused while that is active") {
    WorldBuilder world;
    auto const replace = GENERATE(module::Replace::yes, module::Replace::unknown);
    world.offer("lp", replace);
    world.see("foreign", PatchState::enabled);
    CHECK(world.judged("lp").disposition == Disposition::rejected);
    CHECK(world.judged("lp").refusal->code == Errc::conflict);
    world.observed.patches[0].state = PatchState::enabling;
    CHECK(world.judged("lp").refusal->code == Errc::conflict);
    world.observed.patches[0].state = PatchState::disabling;
    CHECK_FALSE(world.judged("lp").refusal);
    world.observed.patches[0].state = PatchState::enabled;
    world.record("foreign"); // ours may be replaced
    CHECK_FALSE(world.judged("lp").refusal);
    world.state.loads.clear();
    world.catalogue.offers[0].module.replace = module::Replace::no;
    CHECK_FALSE(world.judged("lp").refusal);
}

TEST_CASE("what a cumulative patch replaced is not wanted while that one is there") {
    WorldBuilder world;
    world.offer("lp");
    world.offer("lp_all", module::Replace::yes);
    world.record("lp", Stage::replaced).replaced_by = "lp_all";
    world.record("lp_all");
    world.see("lp_all", PatchState::enabled);
    CHECK(world.judged("lp").disposition == Disposition::replaced);
    CHECK_FALSE(world.judged("lp").refusal);
    world.observed.patches[0].state = PatchState::disabling; // and held, as every revert does
    world.hold("lp_all");
    CHECK(world.judged("lp").disposition == Disposition::scheduled);
}

TEST_CASE("each name is judged once: what is offered first, in stack order, then the rest") {
    WorldBuilder world;
    world.offer("b");
    world.offer("a");
    world.offer("b").path = "/source/b2.ko";
    world.see("a", PatchState::enabled);
    world.see("x", PatchState::enabled);
    std::string names;
    for (auto const& judged : judge(world.world()))
        names += judged.name;
    CHECK(names == "bax");
    CHECK(world.judged("b").offer->path == "/source/b2.ko");
}
