#include "engine/pins.hpp"
#include "engine/selection.hpp"
#include "support/catch.hpp"
#include "world_builder.hpp"

using namespace livepatch;
using namespace livepatch::engine;
using base::PatchState;
using module::Replace;
using report::Disposition;
using Strings = std::vector<std::string>;

namespace {

// Ours, enabled, from "test", as a file of its name.
LoadRecord& loaded(WorldBuilder& world, std::string const& name, Replace replace) {
    world.see(name, PatchState::enabled);
    auto& record = world.record(name);
    record.replace = replace;
    return record;
}

// What would be loaded by itself, in that order.
Strings wanted(WorldBuilder const& world) {
    Strings names;
    for (auto const& judged : judge(world.world()))
        if (judged.disposition == Disposition::scheduled)
            names.push_back(judged.name);
    return names;
}

std::string reason(WorldBuilder const& world, std::string const& name) {
    auto const judged = world.judged(name);
    return std::string(report::name(judged.disposition)) + ": " + judged.reason;
}

} // namespace

TEST_CASE("the newest cumulative patch of a source supersedes what comes before it") {
    WorldBuilder world;
    world.offer("lp_1", Replace::no);
    world.offer("lp_2", Replace::yes);
    world.offer("lp_3", Replace::no);
    world.offer("lp_10", Replace::yes);
    world.offer("lp_11", Replace::no);
    CHECK(wanted(world) == Strings{"lp_10", "lp_11"});
    CHECK(reason(world, "lp_2") == "replaced: superseded by lp_10");

    SECTION("and says so when it is there") {
        loaded(world, "lp_10", Replace::yes);
        CHECK(wanted(world) == Strings{"lp_11"});
        CHECK(reason(world, "lp_3") == "replaced: replaced by lp_10");
    }
    SECTION("but not when it cannot be used, was refused by the kernel, or is held") {
        switch (GENERATE(0, 1, 2, 3)) {
        case 0:
            world.catalogue.offers[3].refused = base::Error{
                .code = base::Errc::verification_failed, .subject = {}, .cause = {}, .remedy = {}};
            break;
        case 1:
            world.fail("lp_10");
            break;
        case 2:
            world.hold("lp_10");
            break;
        default:
            world.hold_all("lp_10");
        }
        CHECK(wanted(world) == Strings{"lp_2", "lp_3", "lp_11"});
    }
    SECTION("an admin may have the older one, and pins it") {
        CHECK_FALSE(world.judged("lp_2").refusal);
        REQUIRE(world.judged("lp_2").pin);
        CHECK(world.judged("lp_2").pin->lineage);
        CHECK(world.judged("lp_2").pin->file == "lp_2.ko");
        CHECK_FALSE(world.judged("lp_10").pin);
        CHECK_FALSE(world.judged("lp_1").pin); // goes on top, and replaces nothing
    }
}

TEST_CASE("of what may be cumulative or not everything is loaded in its order") {
    WorldBuilder world;
    for (auto const* name : {"lp_1", "lp_2", "lp_3"})
        world.offer(name, Replace::unknown);
    CHECK(wanted(world) == Strings{"lp_1", "lp_2", "lp_3"});
    world.catalogue.offers[1].module.replace = Replace::yes;
    CHECK(wanted(world) == Strings{"lp_2", "lp_3"});
}

TEST_CASE("what is loaded lets in nothing older when its file is gone or held") {
    WorldBuilder world;
    world.offer("lp_1", Replace::yes);
    loaded(world, "lp_2", Replace::yes);
    SECTION("gone") {}
    SECTION("held") {
        world.offer("lp_2", Replace::yes);
        world.hold_all("lp_2");
    }
    CHECK(wanted(world).empty());
    world.offer("lp_3", Replace::yes);
    CHECK(wanted(world) == Strings{"lp_3"});
    world.catalogue.offers.pop_back();
    world.observed.patches[0].state = PatchState::disabling;
    world.state.loads[0].stage = Stage::reverting;
    CHECK(wanted(world) == Strings{"lp_1"});
}

TEST_CASE("of several sources only one may have cumulative patches") {
    WorldBuilder world;
    world.offer_from("a", "a_1", Replace::yes).priority = 40;
    world.offer_from("b", "b_1", Replace::yes).priority = 50;
    world.offer_from("c", "c_1", Replace::no).priority = 60;
    CHECK(wanted(world) == Strings{"b_1"});
    for (auto const* name : {"a_1", "c_1"}) {
        CHECK(reason(world, name) == "rejected: other-lineage");
        REQUIRE(world.judged(name).refusal);
        CHECK(world.judged(name).refusal->code == base::Errc::conflict);
        CHECK(world.judged(name).refusal->cause.find("another source, b,") == 0);
    }
    SECTION("what the other source has loaded is named, too") {
        loaded(world, "b_1", Replace::yes).source = "b";
        CHECK(reason(world, "a_1") == "rejected: other-lineage");
        CHECK(world.judged("a_1").refusal->remedy.ends_with(
            "disable the other one and revert its patch: lpctl revert b_1"
        ));
    }
    SECTION("ties go by name") {
        world.catalogue.offers[0].priority = 50;
        CHECK(wanted(world) == Strings{"a_1"});
    }
    SECTION("what is held or failed keeps the others out all the same") {
        if (GENERATE(true, false))
            world.hold("b_1");
        else
            world.fail("b_1");
        CHECK(wanted(world).empty());
    }
    SECTION("what cannot be used does not") {
        world.catalogue.offers[1].refused =
            base::Error{.code = base::Errc::wrong_kernel, .subject = {}, .cause = {}, .remedy = {}};
        CHECK(wanted(world) == Strings{"a_1"});
    }
    SECTION("what is loaded does, also when its source has nothing any more") {
        world.catalogue.offers.erase(world.catalogue.offers.begin() + 1);
        CHECK(wanted(world) == Strings{"a_1"});
        auto& record = loaded(world, "b_1", Replace::yes);
        record.source = "b";
        CHECK(wanted(world).empty());
        // A source that is gone stands in no list: what it left behind is named.
        CHECK(
            reason(world, "a_1") ==
            "rejected: other-lineage: b_1 is loaded, of the source b that is gone"
        );
        auto const refusal = world.judged("a_1").refusal.value();
        CHECK(refusal.cause.starts_with("b_1 is loaded, "));
        CHECK(refusal.remedy.ends_with(", or revert its patch: lpctl revert b_1"));
        record.priority = 30; // a higher one takes over
        CHECK(wanted(world) == Strings{"a_1"});
    }
}

TEST_CASE("sources whose patches may be cumulative stand beside those that replace nothing") {
    WorldBuilder world;
    world.offer_from("a", "a_1", Replace::unknown);
    world.offer_from("b", "b_1", Replace::unknown);
    world.offer_from("c", "c_1", Replace::no);
    CHECK(wanted(world) == Strings{"a_1", "c_1"});
    CHECK(reason(world, "b_1") == "rejected: other-lineage");
    world.catalogue.offers[0].module.replace = Replace::no; // as with cumulative = false
    CHECK(wanted(world) == Strings{"a_1", "b_1", "c_1"});
}

TEST_CASE("what was replaced is not wanted, unless it belongs on top of what replaced it") {
    WorldBuilder world;
    world.offer("lp_1", Replace::no);
    world.offer("lp_2", Replace::unknown);
    world.offer("lp_3", Replace::no);
    loaded(world, "lp_2", Replace::unknown);
    for (auto const* name : {"lp_1", "lp_3"})
        world.record(name, Stage::replaced).replaced_by = "lp_2";
    CHECK(wanted(world) == Strings{"lp_3"});
    CHECK(reason(world, "lp_1") == "replaced: replaced by lp_2");
    CHECK_FALSE(world.judged("lp_1").pin);
    world.state.loads[0].source = "another";
    CHECK(wanted(world).empty());
}

TEST_CASE("a pin keeps out what is newer") {
    WorldBuilder world;
    world.offer("lp_1", Replace::yes);
    world.offer("lp_2", Replace::yes);
    world.offer("lp_3", Replace::yes);
    world.offer("lp_4", Replace::no);
    world.pin("lp_2");
    CHECK(wanted(world) == Strings{"lp_2"});
    CHECK(world.judged("lp_3").disposition == Disposition::held);
    CHECK(world.judged("lp_3").reason.find("lpctl unhold lp_2") != std::string::npos);
    CHECK_FALSE(world.judged("lp_3").refusal);
    CHECK(world.judged("lp_1").disposition == Disposition::replaced);
    SECTION("also when it cannot be had any more") {
        world.catalogue.offers.erase(world.catalogue.offers.begin() + 1);
        CHECK(wanted(world) == Strings{"lp_1"});
    }
    SECTION("in its own source only") {
        world.catalogue.offers[3].source = "another";
        world.catalogue.offers[2].source = "another";
        world.catalogue.offers[2].priority = 60;
        CHECK(wanted(world) == Strings{"lp_3", "lp_4"});
    }
    SECTION("asking for a newer one lifts it, and pins that if there is a newer one still") {
        REQUIRE(world.judged("lp_2").pin);
        CHECK_FALSE(world.judged("lp_3").pin);
        auto const lifted = repin(world.state, world.catalogue.offers[2], {}, Time());
        REQUIRE(lifted.size() == 1);
        CHECK(lifted[0].name == "lp_2");
        CHECK(wanted(world) == Strings{"lp_3", "lp_4"});
    }
    SECTION("asking for an older one moves it") {
        auto const pin = world.judged("lp_1").pin;
        REQUIRE(pin);
        repin(world.state, world.catalogue.offers[0], pin, Time());
        CHECK(wanted(world) == Strings{"lp_1"});
    }
}

TEST_CASE("two versions of one module") {
    WorldBuilder world;
    world.offer("lp", Replace::no);
    world.catalogue.offers.back().id = "FIX-1";
    world.catalogue.offers.back().sha256 = "old";
    world.catalogue.offers.back().path = "/source/lp-1.ko";
    world.offer("lp", Replace::no);
    world.catalogue.offers.back().id = "FIX-2";
    world.catalogue.offers.back().path = "/source/lp-2.ko";
    CHECK(world.judged("lp").offer->id == "FIX-2");

    SECTION("the older one is chosen when it is asked for, which pins it") {
        world.request(Request::Kind::apply, "lp").sha256 = "old";
        CHECK(world.judged("lp").offer->id == "FIX-1");
        REQUIRE(world.judged("lp").pin);
        CHECK_FALSE(world.judged("lp").pin->lineage);
        CHECK(world.actions()[0].pin);
    }
    SECTION("or pinned") {
        world.pin("lp", false);
        world.state.pins[0].sha256 = "old";
        CHECK(world.judged("lp").offer->id == "FIX-1");
        CHECK(wanted(world) == Strings{"lp"});
        world.offer("lp_other", Replace::no); // another one is none of its business
        CHECK(wanted(world) == Strings{"lp", "lp_other"});
    }
    SECTION("or the newer one is held") {
        world.hold_all("FIX-2");
        CHECK(world.judged("lp").offer->id == "FIX-1");
        CHECK(wanted(world) == Strings{"lp"});
        world.hold_all("lp"); // all of them
        CHECK(wanted(world).empty());
    }
    SECTION("a revert's hold of the newer one does not swap them") {
        world.hold("lp");
        CHECK(wanted(world).empty());
    }
    SECTION("they are never swapped by themselves") {
        loaded(world, "lp", Replace::no).sha256 = "old";
        CHECK(wanted(world).empty());
        CHECK(world.judged("lp").refusal->code == base::Errc::conflict);
    }
}

TEST_CASE("an admin's hold refuses, and so does a pause") {
    WorldBuilder world;
    world.offer("lp");
    world.catalogue.offers[0].id = "FIX-1";
    SECTION("by either of its names") {
        world.hold_all(GENERATE("lp", "FIX-1"));
        CHECK(reason(world, "lp") == "held: no");
        REQUIRE(world.judged("lp").refusal);
        CHECK(world.judged("lp").refusal->code == base::Errc::held);
        CHECK(describe(*world.judged("lp").refusal).find("lpctl unhold ") != std::string::npos);
        world.see("lp", PatchState::enabled);
        world.record("lp").id = "FIX-1";
        CHECK(world.judged("lp").disposition == Disposition::held);
        CHECK(world.judged("lp").as_wanted);
    }
    SECTION("of everything") {
        world.stop();
        CHECK(reason(world, "lp") == "available: not loaded by itself: paused");
        CHECK(world.judged("lp").refusal->code == base::Errc::paused);
        world.request(Request::Kind::apply, "lp");
        world.see("lp_2", PatchState::enabled);
        world.request(Request::Kind::revert, "lp_2");
        CHECK(world.steps() == Strings{"finish lp !1 error", "disable lp_2 !2"});
        world.mode = report::Mode::manual;
        CHECK(reason(world, "lp") == "available: ");
    }
}
