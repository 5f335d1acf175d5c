// What publishers say of their patches: taken back, needed, unwanted beside others, not yet here,
// and with times of their own.
#include "engine/compose_report.hpp"
#include "engine/policy.hpp"
#include "engine/probation.hpp"
#include "engine/stall_ladder.hpp"
#include "support/catch.hpp"
#include "trust/tuf/header.hpp"
#include "world_builder.hpp"

using namespace livepatch;
using namespace livepatch::engine;
using namespace std::chrono_literals;
using base::PatchState;
using module::Replace;
using report::Disposition;
using Strings = std::vector<std::string>;

namespace {

Time at(char const* text) {
    return *trust::tuf::parse_time(text);
}

report::Report report_of(WorldBuilder const& host) {
    kernel::Identity const identity{.release = "6.1", .livepatch = true};
    auto const world = host.world();
    return compose_report(
        world, judge(world), {.kernel = identity, .warnings = {}, .transition_since = {}}
    );
}

void take_back(WorldBuilder& host, std::string const& name, bool revert = false) {
    host.catalogue.taken_back[WorldBuilder::digest(name)] = {.reason = "hurts", .revert = revert};
}

} // namespace

TEST_CASE("what was taken back is not loaded, and another may be in its place") {
    WorldBuilder host;
    host.offer("lp_1", Replace::yes);
    host.offer("lp_2", Replace::yes);
    CHECK(host.steps() == Strings{"load lp_2"});
    take_back(host, "lp_2");
    CHECK(host.steps() == Strings{"load lp_1"});
    auto const judged = host.judged("lp_2");
    CHECK(judged.disposition == Disposition::withdrawn);
    CHECK(judged.reason == "taken back by its publisher: hurts");
}

TEST_CASE("what is loaded and taken back stays, unless it is to leave") {
    WorldBuilder host;
    host.offer("lp_1", Replace::yes);
    host.offer("lp_2", Replace::yes);
    host.see("lp_2", PatchState::enabled);
    host.record("lp_2").replace = Replace::yes;
    take_back(host, "lp_2", true);
    SECTION("the host does not let others decide") {
        CHECK(host.steps().empty());
        CHECK(host.judged("lp_2").disposition == Disposition::withdrawn);
        CHECK(host.judged("lp_1").disposition == Disposition::replaced);
        auto const report = report_of(host);
        CHECK(report.patches[1].flags == Strings{"withdrawn", "insecure", "release-only"});
    }
    SECTION("it does") {
        host.revert_withdrawn = true;
        CHECK(host.steps().front() == "disable lp_2");
        SECTION("the last good one takes its place at once") {
            host.prove("lp_1");
            CHECK(host.steps().front() == "load lp_1 over lp_2");
        }
    }
    SECTION("the publisher only said that it shall not be loaded") {
        host.revert_withdrawn = true;
        take_back(host, "lp_2", false);
        CHECK(host.steps().empty());
    }
}

TEST_CASE("a patch comes after the one it needs") {
    WorldBuilder host;
    host.offer("lp_a").needs = {"lp_b"};
    host.offer("lp_b");
    CHECK(host.steps() == Strings{"load lp_b"});
    auto judged = host.judged("lp_a");
    CHECK(judged.disposition == Disposition::scheduled);
    CHECK(judged.not_yet);
    CHECK(judged.reason == "requires lp_b, which comes first");
    CHECK(judged.refusal->code == base::Errc::conflict);

    host.record("lp_b");
    host.see("lp_b", PatchState::enabling);
    CHECK(host.steps().empty());
    host.observed.patches[0].state = PatchState::enabled;
    host.observed.patches[0].transition = false;
    CHECK(host.steps() == Strings{"load lp_a"});
    CHECK_FALSE(host.judged("lp_a").refusal);
}

TEST_CASE("what has taken the place of a needed patch is as good") {
    WorldBuilder host;
    host.offer("lp_a").needs = {"lp_old"};
    CHECK(host.judged("lp_a").disposition == Disposition::rejected);
    CHECK(host.judged("lp_a").reason == "requires lp_old, which is not loaded");
    host.offer("lp_new").supersedes = {"lp_old"};
    host.record("lp_new");
    host.see("lp_new", PatchState::enabled);
    CHECK(host.steps() == Strings{"load lp_a"});
}

TEST_CASE("the kernel would refuse what cannot take over the states of what is there") {
    WorldBuilder host;
    host.offer("lp_1", Replace::yes).states = {{42, 2}};
    host.record("lp_1").replace = Replace::yes;
    host.see("lp_1", PatchState::enabled);
    auto& offer = host.offer("lp_2", Replace::yes);
    SECTION("it knows an older version of them") {
        offer.states = {{42, 1}};
        CHECK(host.steps().empty());
        CHECK(host.judged("lp_2").disposition == Disposition::rejected);
        CHECK(host.judged("lp_2").reason == "conflict: it cannot take over the states of lp_1");
        CHECK(host.judged("lp_2").refusal->code == base::Errc::conflict);
        CHECK(host.judged("lp_2").refusal->remedy == "lpctl revert lp_1");
    }
    SECTION("it is cumulative and does not know them") {
        CHECK(host.steps().empty());
    }
    SECTION("it is not cumulative") {
        offer.module.replace = Replace::no;
        CHECK(host.steps() == Strings{"load lp_2"});
    }
    SECTION("nobody says whether it is") {
        offer.module.replace = Replace::unknown;
        CHECK(host.steps() == Strings{"load lp_2"});
    }
    SECTION("it knows them, and more") {
        offer.states = {{7, 1}, {42, 3}};
        CHECK(host.steps() == Strings{"load lp_2"});
    }
    SECTION("what its publisher said counts also when he says nothing any more") {
        host.state.loads[0].states = {{42, 2}};
        host.catalogue.offers.erase(host.catalogue.offers.begin());
        CHECK(host.steps().empty());
        host.state.loads[0].states = {{42, 0}};
        host.catalogue.offers[0].states = {{42, 0}};
        CHECK(host.steps() == Strings{"load lp_2"});
    }
}

TEST_CASE("who tells no states of a patch of his may have them all the same") {
    WorldBuilder host;
    host.record("lp_1").states = {{42, 2}};
    host.state.loads[0].source = "another";
    host.see("lp_1", PatchState::enabled);
    host.offer("lp_2", Replace::yes);
    CHECK_FALSE(host.world().cannot_take_over(host.catalogue.offers[0]) == "lp_1");
    host.catalogue.offers[0].states = {{1, 1}};
    CHECK(host.world().cannot_take_over(host.catalogue.offers[0]) == "lp_1");
}

TEST_CASE("what cannot be taken out without harm stays until reboot") {
    WorldBuilder host;
    host.offer("lp_1", Replace::yes);
    host.prove("lp_1");
    host.offer("lp_2", Replace::yes).reversible = false;
    host.record("lp_2").replace = Replace::yes;
    host.see("lp_2", PatchState::enabled);
    SECTION("its publisher wants it out") {
        take_back(host, "lp_2", true);
        host.revert_withdrawn = true;
        CHECK(host.steps().empty());
        CHECK(report_of(host).reboot_reasons.front().starts_with("irreversible: lp_2: "));
    }
    SECTION("it did harm") {
        host.quarantine("lp_2");
        CHECK(host.steps().empty());
        CHECK(report_of(host).reboot_needed);
    }
    SECTION("somebody asks for that") {
        host.request(Request::Kind::revert, "lp_2");
        CHECK(host.steps() == Strings{"finish lp_2 !1 error"});
    }
    SECTION("somebody asks for what is older") {
        CHECK(host.judged("lp_1").refusal->remedy == "lpctl revert lp_2, and reboot");
        host.catalogue.offers[0].module.replace = Replace::no;
        CHECK_FALSE(host.judged("lp_1").refusal);
    }
    SECTION("what is newer may come") {
        host.offer("lp_3", Replace::yes);
        CHECK(host.steps() == Strings{"load lp_3"});
        CHECK_FALSE(report_of(host).reboot_needed);
    }
    SECTION("on its way in it can be turned round") {
        host.observed.patches[0].state = PatchState::enabling;
        host.observed.patches[0].transition = true;
        host.overdue = "lp_2";
        CHECK(host.steps() == Strings{"disable lp_2"});
    }
    SECTION("what was said of it when it was loaded counts also without its source") {
        host.state.loads[0].reversible = false;
        host.catalogue.offers.clear();
        host.request(Request::Kind::revert, "lp_2");
        CHECK(host.steps() == Strings{"finish lp_2 !1 error"});
    }
}

TEST_CASE("patches that do not bear each other") {
    WorldBuilder host;
    host.offer("lp_a").conflicts = {"lp_b"};
    host.offer("lp_b");
    host.record("lp_b");
    host.see("lp_b", PatchState::enabled);
    CHECK(host.judged("lp_a").disposition == Disposition::rejected);
    CHECK(host.judged("lp_a").reason == "conflict: it cannot be in the kernel with lp_b");
    CHECK(host.judged("lp_a").refusal->remedy == "lpctl revert lp_b");
    // Whichever of the two says so; but what replaces the other may come.
    host.catalogue.offers[0].conflicts.clear();
    host.catalogue.offers[1].conflicts = {"lp_a"};
    CHECK(host.judged("lp_a").disposition == Disposition::rejected);
    host.catalogue.offers[0].module.replace = Replace::yes;
    CHECK(host.steps() == Strings{"load lp_a"});
}

TEST_CASE("what is superseded by name is not loaded, as long as the other one comes") {
    WorldBuilder host;
    host.offer("lp_a");
    host.offer("lp_b").supersedes = {"lp_a"};
    CHECK(host.steps() == Strings{"load lp_b"});
    CHECK(host.judged("lp_a").reason == "superseded by lp_b");
    host.not_yet[WorldBuilder::digest("lp_b")] = "later";
    CHECK(host.steps() == Strings{"load lp_a"});
}

TEST_CASE("a repository that drops what proved good here does not lead the host back") {
    WorldBuilder host;
    auto& older = host.offer("lp_1", Replace::yes);
    older.place = "1_2026-05-01_LP-1";
    GoodVerdict newer{
        .sha256 = WorldBuilder::digest("lp_2"),
        .kernel = "kernel",
        .since = {},
        .name = "lp_2",
        .id = "LP-2",
        .source = older.source,
        .file = "2_2026-05-02_LP-2",
        .replace = Replace::yes};
    SECTION("not by itself, but when an admin asks for it") {
        host.state.put(newer);
        CHECK(host.steps().empty());
        CHECK(host.judged("lp_1").disposition == Disposition::available);
        CHECK(
            host.judged("lp_1").reason ==
            "older than LP-2, which proved good here and which " + newer.source +
                " neither names any more nor has taken back; lpctl apply lp_1 goes back to it"
        );
        host.request(Request::Kind::apply, "lp_1");
        CHECK(host.steps() == Strings{"load lp_1 !1"});
    }
    SECTION("what was in the kernel before the reboot comes back") {
        host.state.put(newer);
        host.restore.insert(older.sha256);
        CHECK(host.steps() == Strings{"load lp_1"});
    }
    SECTION("something newer comes") {
        host.state.put(newer);
        host.offer("lp_3", Replace::yes).place = "3_2026-05-03_LP-3";
        CHECK(host.steps() == Strings{"load lp_3"});
    }
    SECTION("unless its publisher took it back") {
        host.state.put(newer);
        take_back(host, "lp_2");
        CHECK(host.steps() == Strings{"load lp_1"});
    }
    SECTION("unless it is named, and cannot be had") {
        host.state.put(newer);
        auto& named = host.offer("lp_2", Replace::yes);
        named.place = newer.file;
        named.refused = base::Error{
            .code = base::Errc::not_found, .subject = "lp_2", .cause = "gone", .remedy = {}};
        CHECK(host.steps() == Strings{"load lp_1"});
    }
    SECTION("unless an admin took it out") {
        host.state.put(newer);
        host.hold("lp_2");
        CHECK(host.steps() == Strings{"load lp_1"});
    }
    SECTION("unless it did harm") {
        host.state.put(newer);
        host.quarantine("lp_2");
        CHECK(host.steps() == Strings{"load lp_1"});
    }
    SECTION("unless it was for another kernel") {
        newer.kernel = "another";
        host.state.put(newer);
        CHECK(host.steps() == Strings{"load lp_1"});
    }
    SECTION("unless the source was a directory then") {
        newer.file = "lp_2.ko";
        newer.id = "lp_2";
        host.state.put(newer);
        CHECK(host.steps() == Strings{"load lp_1"});
    }
    SECTION("unless it is the file of a directory, that root took away") {
        host.state.put(newer);
        host.catalogue.offers[0].place.clear();
        CHECK(host.steps() == Strings{"load lp_1"});
    }
}

TEST_CASE("a rollout keeps a patch out until it reaches this host") {
    WorldBuilder host;
    auto const now = at("2026-06-01T00:00:00Z");
    auto& offer = host.offer("lp_a");
    repository::Rollout const rollout{
        .rings = {
            {"default",
             {{std::chrono::floor<std::chrono::seconds>(at("2026-05-01T00:00:00Z")), 25},
              {std::chrono::floor<std::chrono::seconds>(at("2026-06-02T00:00:00Z")), 100}}}}};
    offer.rollout = repository::RolloutPlan(rollout, "default", std::uint64_t{1} << 63U);
    auto verdict = apply_policy({}, host.catalogue, {}, now);
    CHECK(
        verdict.later.at(offer.sha256) ==
        "rollout: at 25 %, this host is at 50.00 %; its turn is at 2026-06-02T00:00:00Z"
    );
    CHECK(verdict.next == at("2026-06-02T00:00:00Z"));
    CHECK(apply_policy({}, host.catalogue, {}, at("2026-06-02T00:00:00Z")).later.empty());
    offer.rollout = repository::RolloutPlan({.paused = true}, "default", 0);
    verdict = apply_policy({}, host.catalogue, {}, now);
    CHECK(verdict.later.at(offer.sha256) == "rollout: paused by its publisher");
    CHECK_FALSE(verdict.next);
    offer.rollout = repository::RolloutPlan({.rings = {{"canary", {}}}}, "default", 0);
    verdict = apply_policy({}, host.catalogue, {}, now);
    CHECK(
        verdict.later.at(offer.sha256) ==
        "rollout: at 0 %, this host is at 0.00 %; its turn is not known yet"
    );
}

TEST_CASE("each way in which a repository fails has a code of its own") {
    using base::Errc;
    WorldBuilder host;
    for (auto const& [code, words] :
         {std::pair(Errc::expired, "source-expired: x: y"),
          std::pair(Errc::rolled_back, "source-rolled-back: x: y"),
          std::pair(Errc::incomplete, "source-incomplete: x: y"),
          std::pair(Errc::unreachable, "source-unreachable: x: y"),
          std::pair(Errc::conflict, "source-root-changed: x: y"),
          std::pair(Errc::not_found, "source-without-kernel: x: y"),
          std::pair(Errc::verification_failed, "source: x: y")}) {
        host.catalogue.problems = {
            base::Error{.code = code, .subject = "x", .cause = "y", .remedy = {}}};
        CHECK(report_of(host).health_reasons == Strings{words});
        CHECK(report_of(host).health == report::Health::degraded);
    }
}

TEST_CASE("a kernel for which nothing is made any more wants a reboot") {
    WorldBuilder host;
    host.catalogue.read_at = at("2026-06-01T00:00:00Z");
    repository::KernelAdvice advice{
        .source = "corp",
        .support_status = "supported",
        .support_ends = trust::tuf::parse_time("2026-06-02T00:00:00Z"),
        .reboot_into = "6.2"};
    host.catalogue.advice = {advice};
    CHECK_FALSE(report_of(host).reboot_needed);
    CHECK(report_of(host).health == report::Health::ok);
    auto const reason = std::string(
        "kernel-unsupported: the repository corp makes no livepatches for this kernel any more "
        "since 2026-06-02T00:00:00Z; boot 6.2"
    );
    host.catalogue.read_at = at("2026-06-02T00:00:00Z");
    CHECK(report_of(host).reboot_needed);
    CHECK(report_of(host).reboot_reasons == Strings{reason});
    CHECK(report_of(host).health_reasons == Strings{reason});
    advice.support_ends.reset();
    advice.support_status = "ended";
    host.catalogue.advice = {advice};
    CHECK(report_of(host).reboot_needed);
    // Of what no livepatch mends only that which another kernel does.
    advice.support_status = "supported";
    advice.unfixed = {
        {.id = "CVE-1", .reason = "deep", .reboot = true},
        {.id = "CVE-2", .reason = {}, .reboot = false}};
    host.catalogue.advice = {advice};
    CHECK(
        report_of(host).reboot_reasons ==
        Strings{"unfixed: CVE-1 cannot be livepatched: deep; boot 6.2"}
    );
    CHECK(report_of(host).health == report::Health::ok);
}

TEST_CASE("when the metadata expires is told") {
    WorldBuilder host;
    CHECK(report_of(host).metadata_expires == Time());
    host.catalogue.expires = trust::tuf::parse_time("2026-06-02T00:00:00Z");
    CHECK(report_of(host).metadata_expires == at("2026-06-02T00:00:00Z"));
}

TEST_CASE("a publisher knows how long a transition of his may take") {
    StallLadder ladder({.stall_after = 20s, .reverse_after = 300s}, "host");
    kernel::ObservedPatch const patch{.name = "lp_a", .state = PatchState::enabling};
    base::Clock::Monotonic const start{};
    ladder.follow(&patch, start, {.stall_after = 5s, .reverse_after = 10s});
    CHECK(ladder.reverse_after() == 10s);
    CHECK_FALSE(ladder.is_stalled(start + 4s));
    CHECK(ladder.is_stalled(start + 5s));
    CHECK(ladder.is_overdue(start + 10s));
    CHECK(ladder.next(start) == start + 5s);
    ladder.follow(nullptr, start + 11s);
    ladder.follow(&patch, start + 12s); // of another one, say
    CHECK_FALSE(ladder.is_stalled(start + 31s));
    CHECK(ladder.is_stalled(start + 32s));
    ladder.follow(&patch, start + 12s, {.reverse_after = 0s});
    CHECK_FALSE(ladder.is_overdue(start + 3600s));
}

TEST_CASE("a publisher knows how long a patch of his has to be watched") {
    WorldBuilder host;
    host.see("lp_a", PatchState::enabled);
    host.record("lp_a").proving = true;
    Probation probation({.time = 600s});
    base::Clock::Monotonic const start{};
    auto const times = [](std::string const&) {
        return repository::PatchTimes{.probation = 60s, .revert_on = Strings{"oops"}};
    };
    probation.follow(host.state, host.observed, "boot", start, times);
    CHECK(probation.next() == start + 60s);
    CHECK(probation.passed(start + 59s).empty());
    CHECK(probation.passed(start + 60s) == Strings{"lp_a"});
    kernel::Trace trace{};
    trace.kind = kernel::TraceKind::warning;
    CHECK(probation.culprit(trace).empty());
}
