#include "history/overlooked.hpp"
#include "history_bench.hpp"
#include "support/catch.hpp"

using namespace livepatch;
using base::PatchState;
using report::Disposition;
using report::EventKind;

namespace {

constexpr auto noon = support::SimulatedClock::begin;

report::Event told(EventKind kind, std::string boot_id = "this") {
    auto event = support::an_event("lp_a", noon);
    event.kind = kind;
    event.boot_id = std::move(boot_id);
    event.reason = "because";
    event.trigger = report::Trigger::request;
    return event;
}

report::Report seen(PatchState state, Disposition disposition = Disposition::managed) {
    report::Report report;
    report::PatchReport patch;
    patch.name = "lp_a";
    patch.state = state;
    patch.disposition = disposition;
    report.patches = {patch};
    return report;
}

std::vector<report::Event>
overlooked(std::vector<report::Event> const& newest_first, report::Report const& report) {
    return history::overlooked(newest_first, report, "this", noon + std::chrono::hours(1));
}

} // namespace

TEST_CASE("what came about while nobody recorded it is told") {
    auto const gone =
        GENERATE(EventKind::loaded, EventKind::enabled, EventKind::disabling, EventKind::disabled);
    auto const events = overlooked({told(gone)}, report::Report());
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == EventKind::removed);
    CHECK(events[0].patch == "lp_a");
    CHECK(events[0].sha256 == std::string(64, 'a'));
    CHECK(events[0].boot_id == "this");
    CHECK(events[0].time == noon + std::chrono::hours(1));
    CHECK(events[0].trigger == report::Trigger::daemon);
    CHECK(events[0].reason.empty());
    CHECK(events[0].message.find("nobody was there") != std::string::npos);
    CHECK(overlooked({told(gone)}, seen(PatchState::absent)).size() == 1);
}

TEST_CASE("a patch that is in again is told") {
    auto const before = GENERATE(EventKind::loaded, EventKind::removed, EventKind::replaced);
    auto const events = overlooked({told(before)}, seen(PatchState::enabled));
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == EventKind::enabled);
}

TEST_CASE("a whole history is left alone") {
    using Events = std::vector<report::Event>;
    CHECK(overlooked({}, seen(PatchState::enabled)).empty());
    CHECK(overlooked({told(EventKind::enabled)}, seen(PatchState::enabled)).empty());
    CHECK(overlooked({told(EventKind::loaded)}, seen(PatchState::enabling)).empty());
    CHECK(overlooked({told(EventKind::removed)}, report::Report()).empty());
    CHECK(overlooked({told(EventKind::enabled, "another")}, report::Report()).empty());
    // The newest counts, and what says nothing of where it is does not.
    CHECK(overlooked(
              Events{told(EventKind::proved), told(EventKind::removed), told(EventKind::enabled)},
              report::Report()
    )
              .empty());
    // Another tool's, of the same name.
    CHECK(overlooked({told(EventKind::removed)}, seen(PatchState::enabled, Disposition::unmanaged))
              .empty());
}
