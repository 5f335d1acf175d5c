// The health command, and what the kernel remembers of its own trouble.
#include "engine/health_watch.hpp"
#include "engine/taint_watch.hpp"
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

#include <algorithm>

using namespace livepatch;
using namespace std::chrono_literals;
using base::PatchState;
using engine::HealthCheck;
using report::Disposition;
using support::EngineBench;

namespace {

using Strings = std::vector<std::string>;

// Answers when it is told to.
class Command : public HealthCheck {
public:
    bool is_wanted() const override { return wanted; }

    void run(std::string const& patch, Done done) override {
        asked.push_back(patch);
        done_ = std::move(done);
    }

    bool is_running() const { return done_ != nullptr; }

    void answer(base::Result<Verdict> const& verdict) { std::exchange(done_, {})(verdict); }

    bool wanted = true;
    Strings asked;

private:
    Done done_;
};

base::Error not_asked() {
    return {.code = base::Errc::failed, .subject = "command", .cause = "not found", .remedy = {}};
}

struct HealthBench : EngineBench {
    HealthBench() {
        probation.time = 10min;
        health = &command;
        put_patch({.name = "lp_one"});
    }

    void go() {
        start();
        finish_transition();
    }

    void answer(base::Result<HealthCheck::Verdict> const& verdict) {
        command.answer(verdict);
        advance(0s);
    }

    bool event(std::string const& words) const {
        return std::find(events.begin(), events.end(), words) != events.end();
    }

    Command command;
};

} // namespace

TEST_CASE("the health command is asked after the transition and before the verdict") {
    HealthBench bench;
    bench.start();
    CHECK(bench.command.asked.empty());
    bench.finish_transition();
    CHECK(bench.command.asked == Strings{"lp_one"});
    bench.answer(HealthCheck::Verdict{});
    bench.advance(9min);
    CHECK(bench.command.asked.size() == 1);
    bench.advance(2min);
    CHECK(bench.command.asked.size() == 2);
    CHECK_FALSE(bench.event("proved lp_one")); // it takes its time
    bench.advance(1min);
    CHECK(bench.command.asked.size() == 2);
    bench.answer(HealthCheck::Verdict{});
    CHECK(bench.event("proved lp_one"));
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("a host that is not well is harm") {
    HealthBench bench;
    bench.go();
    HealthCheck::Verdict const ill{.well = false, .words = "the host is not well: exit status 3"};
    SECTION("at once") {
        bench.answer(ill);
    }
    SECTION("or in the end") {
        bench.answer(HealthCheck::Verdict{});
        bench.advance(11min);
        bench.answer(ill);
    }
    bench.finish_transition();
    CHECK_FALSE(bench.is_loaded("lp_one"));
    CHECK(bench.event("harmful lp_one"));
    CHECK_FALSE(bench.event("proved lp_one"));
    CHECK(bench.patch("lp_one").disposition == Disposition::quarantined);
    CHECK(bench.patch("lp_one").reason == "the host is not well: exit status 3");
    bench.advance(1h);
    CHECK_FALSE(bench.is_loaded("lp_one"));
}

TEST_CASE("what had proved good is not blamed for an ill host") {
    HealthBench bench;
    bench.go();
    bench.answer(HealthCheck::Verdict{});
    bench.advance(11min);
    bench.answer(HealthCheck::Verdict{});
    REQUIRE(bench.event("proved lp_one"));
    bench.revert("lp_one");
    bench.finish_transition();
    bench.apply("lp_one");
    bench.finish_transition();
    bench.answer(HealthCheck::Verdict{.well = false, .words = "ill"});
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    CHECK_FALSE(bench.event("harmful lp_one"));
    CHECK(bench.report().health_reasons[0].starts_with("health-command: ill; lp_one had proved"));
}

TEST_CASE("a command that cannot be run takes nothing out") {
    HealthBench bench;
    bench.go();
    bench.answer(not_asked());
    auto const& reasons = bench.report().health_reasons;
    REQUIRE(reasons.size() == 1);
    CHECK(reasons[0].starts_with("health-command: command: not found"));
    bench.advance(11min);
    bench.answer(not_asked());
    CHECK(bench.event("proved lp_one"));
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
}

TEST_CASE("without a command nobody is asked") {
    HealthBench bench;
    bench.command.wanted = false;
    bench.go();
    bench.advance(11min);
    CHECK(bench.command.asked.empty());
    CHECK(bench.event("proved lp_one"));
}

TEST_CASE("an answer about a patch that has left is nobody's") {
    HealthBench bench;
    bench.go();
    bench.revert("lp_one");
    bench.finish_transition();
    bench.answer(HealthCheck::Verdict{.well = false, .words = "ill"});
    CHECK_FALSE(bench.event("harmful lp_one"));
    CHECK(bench.patch("lp_one").disposition == Disposition::held);
}

TEST_CASE("one after the other is asked after") {
    Command command;
    Strings told;
    engine::HealthWatch watch(&command, [&](auto const& patch, auto const&) {
        told.push_back(patch);
    });
    watch.follow({"a", "b"});
    CHECK(command.asked == Strings{"a"});
    command.answer(HealthCheck::Verdict{});
    CHECK(command.asked == Strings{"a", "b"});
    CHECK_FALSE(watch.is_cleared("a"));
    CHECK(command.asked.size() == 2);
    command.answer(HealthCheck::Verdict{});
    CHECK(command.asked == Strings{"a", "b", "a"});
    watch.follow({"a"});
    command.answer(HealthCheck::Verdict{});
    CHECK(watch.is_cleared("a"));
    CHECK(told == Strings{"a", "b", "a"});
    CHECK(watch.is_cleared("gone"));
}

TEST_CASE("trouble that the log does not tell of is reported, and blamed on nobody") {
    HealthBench bench;
    bench.command.wanted = false;
    bench.tree.write("proc/sys/kernel/tainted", "4096\n");
    bench.go();
    bench.events.clear();
    bench.tree.write("proc/sys/kernel/tainted", "4736\n"); // D and W, too
    bench.engine().notice();
    bench.advance(1s);
    CHECK(bench.events.empty()); // the log may still tell
    bench.advance(5s);
    CHECK(bench.events == Strings{"harm-elsewhere ", "harm-elsewhere "});
    CHECK(bench.patch("lp_one").state == PatchState::enabled);
    bench.advance(1min);
    CHECK(bench.events.size() == 2);
}

TEST_CASE("trouble that the log has told of is not told twice") {
    using engine::TaintWatch;
    TaintWatch watch;
    TaintWatch::Monotonic now{1h};
    watch.follow(1U << 9U, true, now); // a warning, before we came
    watch.follow(1U << 9U, true, now + 1min);
    CHECK_FALSE(watch.next());
    watch.account(kernel::TraceKind::oops);
    watch.follow((1U << 9U) | (1U << 7U), true, now + 1min);
    CHECK_FALSE(watch.next());
    watch.follow((1U << 14U), true, now + 1min);
    CHECK(watch.next() == now + 1min + TaintWatch::patience);
    watch.account(kernel::TraceKind::lockup);
    CHECK(watch.take_untold(now + 1h).empty());
}

TEST_CASE("trouble while nothing is on probation is nobody's matter") {
    engine::TaintWatch watch;
    engine::TaintWatch::Monotonic const now{1h};
    watch.follow(0, false, now);
    watch.follow(1U << 7U, false, now);
    watch.follow(1U << 7U, true, now);
    CHECK(watch.take_untold(now + 1h).empty());
}
