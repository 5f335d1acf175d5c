#include "lpctl/overlay.hpp"
#include "lpctl_host.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace livepatch;
using namespace livepatch::lpctl;
using base::PatchState;
using report::Disposition;
using report::Health;
using support::a_patch;

namespace {

kernel::Identity const running{
    .release = "6.1", .version = "#1", .build_id = "ab", .boot_id = "b", .livepatch = true};

kernel::ObservedPatch live(std::string name, PatchState state, bool patched = true) {
    kernel::ObservedPatch patch;
    patch.name = std::move(name);
    patch.state = state;
    patch.transition = base::in_transition(state);
    patch.objects = {
        {.name = "vmlinux", .patched = patched, .functions = {{.name = "f", .sympos = 1}}}};
    return patch;
}

Facts facts(std::vector<kernel::ObservedPatch> observed, bool daemon = true) {
    Facts facts;
    facts.kernel = running;
    facts.observed = kernel::Observation{.patches = std::move(observed)};
    facts.daemon_running = daemon;
    return facts;
}

report::Report remembered(std::vector<report::PatchReport> patches) {
    report::Report report;
    report.kernel.release = "6.1";
    report.mode = report::Mode::automatic;
    report.patches = std::move(patches);
    return report;
}

} // namespace

TEST_CASE("the state is the kernel's, the rest is remembered") {
    auto all = facts({live("lp", PatchState::disabling)});
    auto patch = a_patch("lp", PatchState::enabled, Disposition::managed);
    patch.version = "7";
    all.remembered = remembered({patch});
    auto const view = overlay(all);
    REQUIRE(view.report.patches.size() == 1);
    auto const& shown = view.report.patches[0];
    CHECK(shown.state == PatchState::disabling);
    CHECK(shown.disposition == Disposition::managed);
    CHECK(shown.version == "7");
    CHECK(shown.source == "vendor");
    REQUIRE(shown.functions.size() == 1);
    CHECK(shown.functions[0].name == "f");
    CHECK(shown.functions[0].patched);
    CHECK(view.report.health == Health::ok);
    CHECK(view.report.mode == report::Mode::automatic);
    CHECK(view.report.kernel.build_id == "ab");
}

TEST_CASE("a transition is remembered only if it goes the same way") {
    auto const since = std::chrono::system_clock::from_time_t(1'700'000'000);
    auto patch = a_patch("lp", PatchState::enabling, Disposition::managed);
    patch.transition = report::TransitionReport{since, 3};
    auto all = facts({live("lp", PatchState::enabling)});
    all.remembered = remembered({patch});
    auto const same = overlay(all);
    CHECK(same.transition()->transition->since == since);
    CHECK(same.transition()->transition->tasks_remaining == 3);
    CHECK(same.tasks_known);

    all.observed = kernel::Observation{.patches = {live("lp", PatchState::disabling)}};
    auto const turned = overlay(all);
    CHECK(turned.transition()->transition->since == report::Time());
    CHECK_FALSE(turned.tasks_known);
    CHECK(view_json(turned)["patches"][0]["transition"]["tasks_remaining"].is_null());
    CHECK(view_json(turned)["patches"][0]["transition"]["since"].is_null());

    all.observed = kernel::Observation{.patches = {live("lp", PatchState::enabled)}};
    auto const ended = overlay(all);
    CHECK(ended.transition() == nullptr);
    CHECK(view_json(ended)["patches"][0]["transition"].is_null());
}

TEST_CASE("what nobody remembers is unmanaged") {
    auto const view = overlay(facts({live("foreign", PatchState::enabled)}));
    REQUIRE(view.report.patches.size() == 1);
    CHECK(view.report.patches[0].disposition == Disposition::unmanaged);
    CHECK(view.report.patches[0].id == "foreign");
    CHECK(view.report.patches[0].source.empty());
}

TEST_CASE("what the kernel does not have is absent, whatever is remembered") {
    auto all = facts({});
    auto offered = a_patch("lp", PatchState::enabled, Disposition::managed);
    offered.loaded_at = std::chrono::system_clock::from_time_t(1);
    auto orphan = a_patch("orphan", PatchState::enabled, Disposition::managed);
    orphan.candidates.clear();
    auto foreign = a_patch("z_foreign", PatchState::enabled, Disposition::unmanaged);
    foreign.candidates.clear();
    all.remembered = remembered({offered, orphan, foreign});
    auto const view = overlay(all);
    REQUIRE(view.report.patches.size() == 2);
    auto const& lp = view.report.patches[0];
    CHECK(lp.state == PatchState::absent);
    CHECK(lp.disposition == Disposition::available);
    CHECK(lp.reason == "not in the kernel any more");
    CHECK(lp.loaded_at == report::Time());
    CHECK_FALSE(lp.functions[0].patched);
    CHECK(view.report.patches[1].disposition == Disposition::rejected);
}

TEST_CASE("a held or waiting patch that is not loaded stays what it is") {
    auto all = facts({});
    all.remembered = remembered(
        {a_patch("a", PatchState::absent, Disposition::held),
         a_patch("b", PatchState::absent, Disposition::scheduled),
         a_patch("c", PatchState::enabled, Disposition::held)}
    );
    auto const view = overlay(all);
    CHECK(view.report.patches[0].disposition == Disposition::held);
    CHECK(view.report.patches[1].disposition == Disposition::scheduled);
    CHECK(view.report.patches[2].disposition == Disposition::held);
    CHECK(view.report.patches[2].state == PatchState::absent);
}

TEST_CASE("who loads while the daemon is away is somebody else") {
    auto all = facts({live("lp", PatchState::enabled)}, false);
    all.remembered = remembered({a_patch("lp", PatchState::absent, Disposition::available)});
    auto view = overlay(all);
    CHECK(view.report.patches[0].disposition == Disposition::unmanaged);
    CHECK(view.report.patches[0].source.empty());

    all.daemon_running = true; // it is loading it right now, and will write so
    view = overlay(all);
    CHECK(view.report.patches[0].disposition == Disposition::available);
    CHECK(view.report.patches[0].state == PatchState::enabled);
}

TEST_CASE("without the daemon health is never ok") {
    auto all = facts({}, false);
    all.remembered = remembered({});
    auto view = overlay(all);
    CHECK(view.report.health == Health::degraded);
    CHECK(view.report.health_reasons == std::vector<std::string>{"daemon-not-running"});
    CHECK(view_json(view)["daemon"] == "absent");

    all.remembered->health = Health::insecure;
    all.remembered->health_reasons = {"unsigned patches are allowed"};
    view = overlay(all);
    CHECK(view.report.health == Health::degraded);
    CHECK(view.report.health_reasons.size() == 2);
}

TEST_CASE("a running daemon without a report") {
    auto all = facts({});
    CHECK(overlay(all).report.health == Health::pending);
    CHECK(overlay(all).report.health_reasons == std::vector<std::string>{"no-status-yet"});
    all.problem = "status.json: not a report";
    CHECK(overlay(all).report.health == Health::degraded);
    CHECK(
        overlay(all).report.health_reasons ==
        std::vector<std::string>{"status-unreadable: " + all.problem}
    );
}

TEST_CASE("a kernel without livepatching is unsupported, with or without the daemon") {
    for (bool const daemon : {true, false}) {
        auto all = facts({}, daemon);
        all.kernel.livepatch = false;
        all.observed.reset();
        all.remembered = remembered({a_patch("lp", PatchState::enabled, Disposition::managed)});
        auto const view = overlay(all);
        CHECK(view.report.health == Health::unsupported);
        CHECK(view.report.patches[0].state == PatchState::absent);
        CHECK(view_json(view)["kernel"]["livepatch"] == false);
    }
}

TEST_CASE("what was written about another kernel is not believed") {
    auto all = facts({live("lp", PatchState::enabled)});
    all.remembered = remembered({a_patch("lp", PatchState::enabled, Disposition::managed)});
    all.remembered->kernel.release = "5.10";
    auto const view = overlay(all);
    CHECK(view.report.patches[0].disposition == Disposition::unmanaged);
    CHECK(view.report.mode == report::Mode::manual);
}

TEST_CASE("a patch that cannot go any more is flagged") {
    auto stuck = live("lp", PatchState::disabled);
    stuck.pinned = true;
    stuck.objects.clear();
    auto all = facts({stuck});
    all.remembered = remembered({a_patch("lp", PatchState::enabled, Disposition::managed)});
    auto const view = overlay(all);
    CHECK(view.report.patches[0].flags == std::vector<std::string>{"forced"});
    CHECK_FALSE(view.report.patches[0].functions[0].patched);
}

TEST_CASE("kernels before 6.1 do not say which objects are patched") {
    auto old = live("lp", PatchState::enabled);
    old.objects[0].patched.reset();
    CHECK(overlay(facts({old})).report.patches[0].functions[0].patched);
}

TEST_CASE("a patch is found by name before id") {
    auto by_id = a_patch("a", PatchState::absent, Disposition::available);
    by_id.id = "b";
    View view;
    view.report.patches = {by_id, a_patch("b", PatchState::absent, Disposition::available)};
    CHECK(view.find("b")->name == "b");
    CHECK(view.find("a")->name == "a");
    CHECK(view.find("c") == nullptr);
}
