#include "lpctl/check_status.hpp"
#include "lpctl_host.hpp"
#include "support/catch.hpp"

using namespace livepatch;
using namespace livepatch::lpctl;
using base::PatchState;
using report::Disposition;
using report::Health;
using support::a_patch;

namespace {

View view_with(Health health, std::vector<report::PatchReport> patches) {
    View view;
    view.report.health = health;
    view.report.patches = std::move(patches);
    return view;
}

auto const applied = a_patch("a", PatchState::enabled, Disposition::managed);
auto const waiting = a_patch("b", PatchState::absent, Disposition::available);
auto const scheduled = a_patch("c", PatchState::absent, Disposition::scheduled);
auto const moving = a_patch("d", PatchState::enabling, Disposition::managed);

} // namespace

TEST_CASE("status --check answers the worst of 9, 1, 11, 10, 0") {
    auto const all = Check::everything;
    CHECK(check_status(view_with(Health::unsupported, {moving, waiting}), all) == 9);
    CHECK(check_status(view_with(Health::degraded, {moving, waiting}), all) == 1);
    CHECK(check_status(view_with(Health::pending, {moving, waiting}), all) == 11);
    CHECK(check_status(view_with(Health::ok, {applied, waiting}), all) == 10);
    CHECK(check_status(view_with(Health::pending, {applied, scheduled}), all) == 10);
    CHECK(check_status(view_with(Health::ok, {applied}), all) == 0);
    CHECK(check_status(view_with(Health::ok, {}), all) == 0);
}

TEST_CASE("status --check=health looks at nothing else") {
    CHECK(check_status(view_with(Health::unsupported, {}), Check::health) == 9);
    CHECK(check_status(view_with(Health::degraded, {moving}), Check::health) == 1);
    CHECK(check_status(view_with(Health::pending, {moving, waiting}), Check::health) == 0);
    CHECK(check_status(view_with(Health::insecure, {}), Check::health) == 0);
}

TEST_CASE("that a source is insecure hides nothing else that is wrong") {
    auto view = view_with(Health::insecure, {applied});
    view.report.health_reasons = {"insecure: the source lab takes modules that nobody signed"};
    CHECK(check_status(view, Check::everything) == 0);
    view.report.health_reasons.emplace_back("paused: because");
    CHECK(check_status(view, Check::everything) == 1);
    CHECK(check_status(view, Check::health) == 1);
}

TEST_CASE("without --check a status that could be read is a success") {
    CHECK(check_status(view_with(Health::degraded, {moving}), Check::nothing) == 0);
}

TEST_CASE("what is refused or held does not wait to be applied") {
    for (auto const disposition :
         {Disposition::held,
          Disposition::rejected,
          Disposition::quarantined,
          Disposition::replaced})
        CHECK_FALSE(waits_to_be_applied(a_patch("x", PatchState::absent, disposition)));
    CHECK_FALSE(waits_to_be_applied(a_patch("x", PatchState::enabling, Disposition::scheduled)));
    CHECK(waits_to_be_applied(a_patch("x", PatchState::disabled, Disposition::available)));
}
