#include "lpctl_host.hpp"
#include "support/catch.hpp"

#include <systemd/sd-bus.h>

#include <atomic>
#include <chrono>
#include <thread>

using namespace livepatch;
using namespace std::chrono_literals;
using base::PatchState;
using report::Disposition;
using support::a_patch;
using support::FakeDaemon;
using support::LpctlHost;
using Words = std::vector<std::string>;

namespace {

// What the kernel does once a transition has begun, on a thread of its own.
class Later {
public:
    Later(std::atomic<bool> const& begun, std::function<void()> steps)
        : thread_([&begun, steps = std::move(steps)] {
              auto const end = std::chrono::steady_clock::now() + 30s;
              while (!begun && std::chrono::steady_clock::now() < end)
                  std::this_thread::sleep_for(1ms);
              steps();
          }) {}

    Later(Later const&) = delete;
    Later& operator=(Later const&) = delete;

    ~Later() { thread_.join(); }

private:
    std::thread thread_;
};

struct Host : LpctlHost {
    std::atomic<bool> begun = false; // a transition has

    Host() {
        report::Report report;
        auto by_id = a_patch("lp_id", PatchState::absent, Disposition::available);
        by_id.id = "corp-1";
        report.patches = {a_patch("lp", PatchState::absent, Disposition::available), by_id};
        remember(report);
        daemon.on("GetAll", [](sd_bus_message* call) {
            return sd_bus_reply_method_return(
                call,
                "a{sv}",
                4,
                "State",
                "s",
                "enabling",
                "TasksRemaining",
                "u",
                5,
                "Disposition",
                "s",
                "managed",
                "Reason",
                "s",
                "stalled"
            );
        });
    }

    void set_state(std::string const& name, int enabled, int transition) {
        kernel.set_module(name, {});
        kernel.set_patch(name, {.enabled = enabled, .transition = transition});
        begun = begun || transition == 1;
    }

    void unload(std::string const& name) {
        kernel.remove_patch(name);
        kernel.remove_module(name);
    }

    // Applying makes the transition begin; it goes on in the test.
    void accept_apply(std::string const& name) {
        daemon.on("Apply", [this, name](sd_bus_message* call) {
            set_state(name, 1, 1);
            return support::reply_object(name)(call);
        });
    }

    std::string result() const { return json()["patches"][0]["result"]; }

    std::string error() const { return json()["error"]["name"]; }
};

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("apply waits until the kernel has the patch enabled") {
    Host host;
    host.accept_apply("lp");
    Later const kernel(host.begun, [&] {
        std::this_thread::sleep_for(400ms);
        host.set_state("lp", 1, 0);
    });
    SECTION("a short transition is not held up by a question about it") {
        CHECK(host.call({"apply", "lp"}) == 0);
        CHECK(has(host.err.str(), "lp: enabling\n"));
    }
    SECTION("a longer one is shown with the tasks it waits for") {
        host.context.patience.unasked = 0ms;
        CHECK(host.call({"apply", "lp"}) == 0);
        CHECK(has(host.err.str(), "lp: enabling, 5 tasks remaining\n"));
    }
    CHECK(has(host.out.str(), "lp: enabled after "));
}

TEST_CASE("apply by id follows the module that the daemon names") {
    Host host;
    host.accept_apply("lp_id");
    Later const kernel(host.begun, [&] {
        std::this_thread::sleep_for(200ms);
        host.set_state("lp_id", 1, 0);
    });
    CHECK(host.call({"apply", "corp-1", "--json"}) == 0);
    CHECK(host.json()["patches"][0]["name"] == "lp_id");
    CHECK(host.json()["patches"][0]["state"] == "enabled");
    CHECK(host.json()["patches"][0]["elapsed_ms"] >= 100);
    CHECK(host.result() == "applied");
}

TEST_CASE("already as wanted is a success") {
    Host host;
    host.set_state("lp", 1, 0);
    host.daemon.on("Apply", support::reply_object("lp"));
    CHECK(host.call({"apply", "lp", "--json"}) == 0);
    CHECK(host.result() == "already");
    host.unload("lp");
    host.daemon.on("Revert", support::reply_nothing);
    CHECK(host.call({"revert", "lp", "--json"}) == 0);
    CHECK(host.result() == "already");
}

TEST_CASE("a transition that is reversed is a failure with the daemon's reason") {
    Host host;
    host.accept_apply("lp");
    Later const kernel(host.begun, [&] {
        std::this_thread::sleep_for(300ms);
        host.set_state("lp", 0, 1);
    });
    CHECK(host.call({"apply", "lp"}) == 1);
    CHECK(has(host.err.str(), "lpctl: lp: not applied: it is disabling now (stalled); see "));
}

TEST_CASE("a wait that times out is exit 7 and names who blocks") {
    Host host;
    host.accept_apply("lp");
    host.kernel.set_task({.pid = 34, .patch_state = 0, .comm = "khugepaged", .kthread = true});
    CHECK(host.call({"apply", "lp", "--timeout", "1s"}) == 7);
    CHECK(has(host.err.str(), "lp: still enabling after 1."));
    CHECK(has(host.err.str(), " s; it waits for khugepaged (34); "));
    CHECK(has(host.err.str(), "lpctl blockers"));
    CHECK(host.call({"apply", "lp", "--timeout", "1s", "--json"}) == 7);
    CHECK(host.error() == "Stalled");
    CHECK(host.json()["error"]["details"]["patches"][0]["result"] == "still-going-on");
}

TEST_CASE("apply --no-wait returns when the kernel has accepted it") {
    Host host;
    host.accept_apply("lp");
    CHECK(host.call({"apply", "lp", "--no-wait", "--json"}) == 0);
    CHECK(host.result() == "started");
    CHECK(host.json()["patches"][0]["state"] == "enabling");
}

TEST_CASE("apply --dry-run changes nothing and waits for nothing") {
    Host host;
    host.daemon.on("Apply", support::reply_object("lp"));
    CHECK(host.call({"apply", "lp", "--dry-run", "--json"}) == 0);
    CHECK(host.result() == "would-apply");
}

TEST_CASE("the daemon may die meanwhile") {
    Host host;
    host.accept_apply("lp");
    Later const kernel(host.begun, [&] {
        std::this_thread::sleep_for(200ms);
        host.daemon.hang_up();
        std::this_thread::sleep_for(1'200ms);
        host.set_state("lp", 1, 0);
    });
    CHECK(host.call({"apply", "lp"}) == 0);
}

TEST_CASE("a daemon that dies with the call in its hands") {
    Host host;
    SECTION("after the kernel has begun: the kernel is followed") {
        host.daemon.on("Apply", [&](sd_bus_message*) {
            host.set_state("lp", 1, 1);
            host.daemon.hang_up();
            return 0;
        });
        Later const kernel(host.begun, [&] {
            std::this_thread::sleep_for(500ms);
            host.set_state("lp", 1, 0);
        });
        CHECK(host.call({"apply", "lp"}) == 0);
        CHECK(has(host.err.str(), "livepatchd went away"));
    }
    SECTION("before: it is not reachable") {
        host.daemon.on("Apply", [&](sd_bus_message*) {
            host.daemon.hang_up();
            return 0;
        });
        CHECK(host.call({"apply", "lp"}) == 8);
    }
}

TEST_CASE("a changing verb needs the daemon") {
    Host host;
    host.daemon.set_running(false);
    for (auto const& words : std::vector<Words>{
             {"apply", "lp"},
             {"revert", "lp"},
             {"apply", "--all"},
             {"refresh"},
             {"hold", "lp"},
             {"unhold", "lp"},
             {"pause"},
             {"resume"}}) {
        CHECK(host.call(words) == 8);
        CHECK(has(host.err.str(), "start it with 'systemctl start livepatchd'"));
    }
    CHECK(host.call({"apply", "lp", "--json"}) == 8);
    CHECK(host.error() == "DaemonNotReachable");
    host.kernel.set_livepatch(false);
    CHECK(host.call({"apply", "lp"}) == 9);
}

TEST_CASE("each error of the daemon has its exit status") {
    Host host;

    struct Row {
        char const* name;
        int exit;
    };

    for (auto const& [name, exit] : {
             Row{"org.livepatchd1.Error.InvalidArgument", 2},
             Row{"org.livepatchd1.Error.NotFound", 3},
             Row{"org.livepatchd1.Error.Held", 4},
             Row{"org.livepatchd1.Error.Paused", 4},
             Row{"org.livepatchd1.Error.NotAuthorized", 5},
             Row{"org.freedesktop.DBus.Error.AccessDenied", 5},
             Row{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", 5},
             Row{"org.livepatchd1.Error.VerificationFailed", 6},
             Row{"org.livepatchd1.Error.WrongKernel", 6},
             Row{"org.livepatchd1.Error.Conflict", 6},
             Row{"org.livepatchd1.Error.Expired", 6},
             Row{"org.livepatchd1.Error.Quarantined", 6},
             Row{"org.livepatchd1.Error.Withdrawn", 6},
             Row{"org.livepatchd1.Error.Stalled", 7},
             Row{"org.livepatchd1.Error.Unsupported", 9},
             Row{"org.livepatchd1.Error.LoadFailed", 1},
             Row{"org.livepatchd1.Error.Busy", 1},
             Row{"org.livepatchd1.Error.LimitsExceeded", 1},
             Row{"com.example.Whatever", 1},
         }) {
        INFO(name);
        host.daemon.on("Apply", support::reply_error(name, "lp: because"));
        CHECK(host.call({"apply", "lp"}) == exit);
        CHECK(has(host.err.str(), "lpctl: lp: because"));
        CHECK(host.call({"apply", "lp", "--json"}) == exit);
        CHECK(host.json()["error"]["message"] == "lp: because");
    }
}

TEST_CASE("an unknown patch comes with a suggestion") {
    Host host;
    host.daemon.on(
        "Apply", support::reply_error("org.livepatchd1.Error.NotFound", "corp-2: no such patch")
    );
    CHECK(host.call({"apply", "corp-2"}) == 3);
    CHECK(host.err.str() == "lpctl: corp-2: no such patch; did you mean 'corp-1'?\n");
}

TEST_CASE("apply stops at the first failure") {
    Host host;
    host.daemon.on("Apply", support::reply_error("org.livepatchd1.Error.Held", "held"));
    CHECK(host.call({"apply", "lp", "lp_id"}) == 4);
    auto const calls = host.daemon.calls();
    CHECK(std::count(calls.begin(), calls.end(), "Apply") == 1);
}

TEST_CASE("revert goes on after a failure and exits with the first one") {
    Host host;
    host.set_state("lp_id", 1, 0);
    host.daemon.on("Revert", [&](sd_bus_message* call) {
        char const* patch = nullptr;
        sd_bus_message_read(call, "s", &patch);
        if (std::string_view(patch) == "lp")
            return support::reply_error("org.livepatchd1.Error.NotAuthorized", "no")(call);
        host.unload("lp_id");
        return support::reply_nothing(call);
    });
    CHECK(host.call({"revert", "lp", "corp-1"}) == 5);
    CHECK(has(host.out.str(), "lp_id: reverted after "));
}

TEST_CASE("revert waits until the module is gone") {
    Host host;
    host.set_state("lp", 1, 0);
    host.daemon.on("Revert", [&](sd_bus_message* call) {
        host.set_state("lp", 0, 1);
        return support::reply_nothing(call);
    });
    Later const kernel(host.begun, [&] {
        std::this_thread::sleep_for(200ms);
        host.kernel.remove_patch("lp");
        host.kernel.set_module("lp", {.refcount = 0});
        std::this_thread::sleep_for(200ms);
        host.kernel.remove_module("lp");
    });
    CHECK(host.call({"revert", "lp", "--json"}) == 0);
    CHECK(host.result() == "reverted");
    CHECK(host.json()["patches"][0]["state"] == "absent");
}

TEST_CASE("apply --all waits for all, also for those the daemon has yet to begin with") {
    Host host;
    host.daemon.on("ApplyAll", [&](sd_bus_message* call) {
        host.set_state("lp", 1, 1);
        return sd_bus_reply_method_return(
            call, "ao", 2, "/org/livepatchd1/patch/lp", "/org/livepatchd1/patch/lp_5fid"
        );
    });
    Later const kernel(host.begun, [&] {
        std::this_thread::sleep_for(200ms);
        host.set_state("lp", 1, 0);
        std::this_thread::sleep_for(200ms);
        host.set_state("lp_id", 1, 1);
        std::this_thread::sleep_for(200ms);
        host.set_state("lp_id", 1, 0);
    });
    CHECK(host.call({"apply", "--all", "--json"}) == 0);
    REQUIRE(host.json()["patches"].size() == 2);
    CHECK(host.json()["patches"][1]["name"] == "lp_id");
    CHECK(host.json()["patches"][1]["result"] == "applied");
}

TEST_CASE("revert --all leaves out what is not ours") {
    Host host;
    host.set_state("lp", 1, 0);
    host.set_state("foreign", 1, 0);
    host.daemon.on("RevertAll", [&](sd_bus_message* call) {
        host.unload("lp");
        return support::reply_nothing(call);
    });
    CHECK(host.call({"revert", "--all", "--json"}) == 0);
    REQUIRE(host.json()["patches"].size() == 1);
    CHECK(host.json()["patches"][0]["name"] == "lp");
}

TEST_CASE("refresh") {
    Host host;
    host.daemon.on("Refresh", support::reply_nothing);
    CHECK(host.call({"refresh"}) == 0);
    CHECK(host.call({"refresh", "--json"}) == 0);
    CHECK(host.json()["refreshed"] == true);
    host.daemon.on("Refresh", support::reply_error("org.livepatchd1.Error.NotAuthorized", "no"));
    CHECK(host.call({"refresh", "--json"}) == 5);
    CHECK(host.error() == "NotAuthorized");
}

namespace {

// What a call of the methods without options said: its arguments, and whether its sender may be
// asked for a password.
struct Said {
    Words arguments;
    bool interactive = false;

    FakeDaemon::Handler remember() {
        return [this](sd_bus_message* call) {
            arguments.clear();
            char const* word = nullptr;
            while (sd_bus_message_read(call, "s", &word) > 0)
                arguments.emplace_back(word);
            interactive = sd_bus_message_get_allow_interactive_authorization(call) > 0;
            return support::reply_nothing(call);
        };
    }
};

} // namespace

TEST_CASE("hold and unhold") {
    Host host;
    Said said;
    host.daemon.on("Hold", said.remember());
    host.daemon.on("Unhold", said.remember());
    CHECK(host.call({"hold", "corp-1", "--reason", "not yet"}) == 0);
    CHECK(host.out.str() == "lp_id: held\n");
    CHECK(said.arguments == Words{"corp-1", "not yet"});
    CHECK_FALSE(said.interactive);
    host.context.can_ask = true;
    CHECK(host.call({"unhold", "lp", "corp-1", "--json"}) == 0);
    CHECK(said.arguments == Words{"corp-1"});
    CHECK(said.interactive);
    REQUIRE(host.json()["patches"].size() == 2);
    CHECK(host.json()["patches"][0]["name"] == "lp");
    CHECK(host.json()["patches"][0]["result"] == "unheld");
    CHECK(host.call({"unhold", "lp", "--no-ask-password"}) == 0);
    CHECK_FALSE(said.interactive);
}

TEST_CASE("hold goes on after a failure and exits with the first one") {
    Host host;
    host.daemon.on("Hold", [](sd_bus_message* call) {
        char const* patch = nullptr;
        sd_bus_message_read(call, "s", &patch);
        if (std::string_view(patch) == "corp-2")
            return support::reply_error("org.livepatchd1.Error.NotFound", "corp-2: no such patch")(
                call
            );
        return support::reply_nothing(call);
    });
    CHECK(host.call({"hold", "corp-2", "lp"}) == 3);
    CHECK(host.out.str() == "lp: held\n");
    CHECK(host.err.str() == "lpctl: corp-2: no such patch; did you mean 'corp-1'?\n");
    CHECK(host.call({"hold", "corp-2", "lp", "--json"}) == 3);
    CHECK(host.error() == "NotFound");
    CHECK(host.json()["error"]["details"]["patches"][1]["result"] == "held");
}

TEST_CASE("pause and resume") {
    Host host;
    Said said;
    host.daemon.on("Pause", said.remember());
    host.daemon.on("Resume", said.remember());
    CHECK(host.call({"pause"}) == 0);
    CHECK(said.arguments == Words{""});
    CHECK(has(host.out.str(), "lpctl resume"));
    CHECK(host.call({"pause", "--reason", "a release", "--json"}) == 0);
    CHECK(said.arguments == Words{"a release"});
    CHECK(host.json()["paused"] == true);
    CHECK(host.call({"resume"}) == 0);
    CHECK(said.arguments.empty());
    CHECK(host.call({"resume", "--json"}) == 0);
    CHECK(host.json()["paused"] == false);
    host.daemon.on("Pause", support::reply_error("org.livepatchd1.Error.NotAuthorized", "no"));
    CHECK(host.call({"pause"}) == 5);
    CHECK(host.call({"pause", "--json"}) == 5);
    CHECK(host.error() == "NotAuthorized");
}

TEST_CASE("nobody is asked for a password without a terminal") {
    Host host;
    bool options = true;
    host.daemon.on("Apply", [&](sd_bus_message* call) {
        sd_bus_message_skip(call, "s");
        sd_bus_message_enter_container(call, 'a', "{sv}");
        options = sd_bus_message_at_end(call, 0) == 0;
        return support::reply_error("org.livepatchd1.Error.NotAuthorized", "no")(call);
    });
    CHECK(host.call({"apply", "lp"}) == 5);
    CHECK_FALSE(options);
    host.context.can_ask = true;
    CHECK(host.call({"apply", "lp", "--no-ask-password"}) == 5);
    CHECK_FALSE(options);
}
