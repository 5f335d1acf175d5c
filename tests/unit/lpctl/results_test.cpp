#include "lpctl/results.hpp"
#include "support/catch.hpp"

#include <sstream>

using namespace livepatch;
using namespace livepatch::lpctl;
using namespace std::chrono_literals;
using base::PatchState;

namespace {

base::Error an_error(base::Errc code, std::string cause) {
    return {.code = code, .subject = {}, .cause = std::move(cause), .remedy = {}};
}

} // namespace

TEST_CASE("results in words") {
    CHECK(
        result_text({"lp", PatchState::enabled, Change::applied, 1'300ms}) ==
        "lp: enabled after 1.3 s\n"
    );
    CHECK(
        result_text({"lp", PatchState::enabled, Change::already, 0ms}) == "lp: already enabled\n"
    );
    CHECK(
        result_text({"lp", PatchState::absent, Change::reverted, 1'300ms}) ==
        "lp: reverted after 1.3 s\n"
    );
    CHECK(
        result_text({"lp", PatchState::disabled, Change::reverted, 4s}) ==
        "lp: reverted after 4.0 s; its module stays loaded, without effect, until reboot\n"
    );
    CHECK(
        result_text({"l\np", PatchState::enabling, Change::started, 0ms}) ==
        "l\\x0ap: enabling, not waited for\n"
    );
}

TEST_CASE("results as JSON, with and without a failure") {
    std::ostringstream out;
    std::ostringstream err;
    Context context{.out = out, .err = err};
    Results results(context, true);
    results.add({"a", PatchState::enabled, Change::applied, 1'300ms});
    CHECK(results.finish().value() == 0);
    CHECK(
        Json::parse(out.str()) ==
        Json::parse(
            R"({"schema":1,"patches":[{"name":"a","state":"enabled","result":"applied","elapsed_ms":1300}]})"
        )
    );

    out.str("");
    results.add_failure(
        {"b", PatchState::absent, Change::failed, 2ms},
        base::Error{.code = base::Errc::held, .subject = "b", .cause = "held", .remedy = {}}
    );
    auto const outcome = results.finish();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().exit == 4);
    CHECK(out.str().empty()); // whoever gets the failure prints it
    auto const json = failure_json(outcome.error());
    CHECK(json["error"]["name"] == "Held");
    CHECK(json["error"]["message"] == "b: held");
    CHECK(json["error"]["details"]["patches"].size() == 2);
    CHECK(json["error"]["details"]["patches"][1]["result"] == "failed");
}

TEST_CASE("the first failure gives the exit status") {
    std::ostringstream out;
    std::ostringstream err;
    Context context{.out = out, .err = err};
    Results results(context, false);
    results.add_failure(an_error(base::Errc::not_found, "one"));
    results.add_failure(an_error(base::Errc::held, "two"));
    CHECK(results.finish().value() == 3);
    CHECK(err.str() == "lpctl: one\nlpctl: two\n");
}

TEST_CASE("a failure shows the kernel's lines below itself") {
    auto const call = dbus_client::from_bus_error(
        "org.livepatchd1.Error.LoadFailed",
        "lp: the kernel refused it; read on\nkernel: pre-patch callback failed\x1b[2J\nkernel: more"
    );
    Failure const failure(call);
    CHECK(failure.exit == 1);
    CHECK(
        failure_text(failure) == "lpctl: lp: the kernel refused it; read on\n"
                                 "  kernel: pre-patch callback failed\\x1b[2J\n"
                                 "  kernel: more\n"
    );
    auto const json = failure_json(failure);
    CHECK(json["error"]["message"] == "lp: the kernel refused it; read on");
    CHECK(json["error"]["details"]["kernel_log"].size() == 2);
}

TEST_CASE("an unreachable daemon is exit 8 with the way to start it") {
    Failure const failure(dbus_client::unreachable("not running", "start it"));
    CHECK(failure.exit == 8);
    CHECK(failure.name == "DaemonNotReachable");
    CHECK(failure_text(failure) == "lpctl: livepatchd: not running; start it\n");
}
