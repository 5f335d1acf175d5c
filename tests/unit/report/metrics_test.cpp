#include "report/metrics.hpp"
#include "support/catch.hpp"

using namespace livepatch;
using Catch::Matchers::Contains;

namespace {

report::Report one_patch(std::string name) {
    report::Report report;
    report.kernel.release = "6.1.0-56-amd64";
    auto& patch = report.patches.emplace_back();
    patch.name = std::move(name);
    patch.id = "LP-1";
    patch.severity = "high";
    patch.state = base::PatchState::enabling;
    patch.transition = report::TransitionReport{
        .since = report::Time(std::chrono::seconds(1'700'000'000)), .tasks_remaining = 7};
    return report;
}

} // namespace

TEST_CASE("metrics tell the state of each patch") {
    auto report = one_patch("lp_a");
    auto text = metrics_text(report, {}, "1.2.3");
    CHECK_THAT(text, Contains("livepatchd_build_info{version=\"1.2.3\"} 1\n"));
    CHECK_THAT(text, Contains("livepatch_patch_enabled{patch=\"lp_a\"} 0\n"));
    CHECK_THAT(text, Contains("livepatch_patch_transition{patch=\"lp_a\"} 1\n"));
    CHECK_THAT(text, Contains("livepatch_transition_tasks{patch=\"lp_a\"} 7\n"));
    CHECK_THAT(
        text, Contains("livepatch_transition_start_timestamp_seconds{patch=\"lp_a\"} 1700000000\n")
    );
    report.patches[0].state = base::PatchState::enabled;
    report.patches[0].transition.reset();
    text = metrics_text(report, {}, "1.2.3");
    CHECK_THAT(text, Contains("livepatch_patch_enabled{patch=\"lp_a\"} 1\n"));
    CHECK_THAT(text, !Contains("livepatch_transition_tasks{"));
}

TEST_CASE("metrics tell one health, and each reason by its code once") {
    report::Report report;
    report.health = report::Health::degraded;
    report.health_reasons = {"other-manager: kpatch", "other-manager: syscare", "paused"};
    auto const text = metrics_text(report, {}, "1");
    CHECK_THAT(text, Contains("livepatchd_health{health=\"degraded\"} 1\n"));
    CHECK_THAT(text, Contains("livepatchd_health{health=\"ok\"} 0\n"));
    CHECK_THAT(text, Contains("livepatchd_health_reason{reason=\"other-manager\"} 1\n"));
    CHECK_THAT(text, Contains("livepatchd_health_reason{reason=\"paused\"} 1\n"));
    auto const once = text.find("reason=\"other-manager\"");
    CHECK(text.find("reason=\"other-manager\"", once + 1) == std::string::npos);
}

TEST_CASE("a time that is not known has no sample") {
    report::Report report;
    CHECK_THAT(
        metrics_text(report, {}, "1"), !Contains("\nlivepatchd_metadata_expires_timestamp_seconds ")
    );
    report.metadata_expires = report::Time(std::chrono::milliseconds(1'999));
    CHECK_THAT(
        metrics_text(report, {}, "1"),
        Contains("\nlivepatchd_metadata_expires_timestamp_seconds 1\n")
    );
}

TEST_CASE("no name breaks out of its label") {
    auto const text = metrics_text(one_patch("a\"b\\c\nd"), {}, "1");
    CHECK_THAT(text, !Contains("c\nd"));
    for (std::size_t at = text.find("patch=\"a"); at != std::string::npos;
         at = text.find("patch=\"a", at + 1))
        CHECK(text.substr(at, 10) == "patch=\"a\\\"");
}

TEST_CASE("every kind of event has a counter") {
    auto const text = report::metrics_text({}, {{report::EventKind::harmful, 3}}, "1");
    CHECK_THAT(text, Contains("livepatch_events_total{event=\"harmful\",outcome=\"noticed\"} 3\n"));
    for (auto const kind : report::event_kinds())
        CHECK_THAT(text, Contains("event=\"" + std::string(name(kind)) + "\""));
}
