#include "dbus_client/daemon.hpp"
#include "fake_daemon.hpp"
#include "support/catch.hpp"

#include <systemd/sd-bus.h>

#include <mutex>

using namespace livepatch;
using namespace livepatch::dbus_client;
using namespace std::chrono_literals;
using Kind = CallError::Kind;
using support::FakeDaemon;

namespace {

using Clock = std::chrono::steady_clock;

Daemon reach(FakeDaemon const& fake) {
    return Daemon::reach(fake.address(), 2s).value();
}

} // namespace

TEST_CASE("object paths are those of sd_bus_path_encode, and back") {
    CHECK(object_path("lp_a") == "/org/livepatchd1/patch/lp_5fa");
    CHECK(module_name("/org/livepatchd1/patch/lp_5fa") == "lp_a");
    CHECK(module_name("/org/other/lp_5fa").empty());
    CHECK(module_name("").empty());
}

TEST_CASE("bus errors mean that nobody answers, daemon errors say why") {
    CHECK(
        from_bus_error("org.freedesktop.DBus.Error.ServiceUnknown", "").kind == Kind::unreachable
    );
    CHECK(from_bus_error("org.freedesktop.DBus.Error.NoReply", "").kind == Kind::unreachable);
    CHECK(from_bus_error("org.freedesktop.DBus.Error.Timeout", "").kind == Kind::timed_out);
    auto const denied = from_bus_error("org.freedesktop.DBus.Error.AccessDenied", "no");
    CHECK(denied.kind == Kind::refused);
    CHECK(denied.error.code == base::Errc::not_authorized);
    auto const held = from_bus_error("org.livepatchd1.Error.Held", "lp: held");
    CHECK(held.kind == Kind::refused);
    CHECK(held.error.code == base::Errc::held);
    CHECK(held.error.cause == "lp: held");
    CHECK(from_bus_error("com.example.Odd", "").error.cause == "com.example.Odd");
}

TEST_CASE("a daemon is reached, or is not there") {
    FakeDaemon fake;
    CHECK(Daemon::reach(fake.address(), 2s).has_value());
    fake.set_running(false);
    CHECK(Daemon::reach(fake.address(), 2s).error().kind == Kind::unreachable);
    CHECK(Daemon::reach("unix:path=/nonexistent/bus", 2s).error().kind == Kind::unreachable);
    CHECK(fake.calls().empty()); // only the bus was asked
}

TEST_CASE("a bus that does not answer is given up in time") {
    FakeDaemon fake;
    fake.set_bus_stuck(true);
    auto const start = Clock::now();
    CHECK(Daemon::reach(fake.address(), 100ms).error().kind == Kind::unreachable);
    CHECK(Clock::now() - start < 1s);
}

TEST_CASE("a stuck daemon is found running, and does not answer a ping") {
    FakeDaemon fake;
    fake.set_stuck(true);
    auto daemon = reach(fake);
    auto const ping = daemon.ping(50ms);
    REQUIRE_FALSE(ping.has_value());
    CHECK(ping.error().kind == Kind::unreachable);
    CHECK(daemon.blockers(50ms).error().kind == Kind::timed_out);
    fake.set_stuck(false);
    CHECK(daemon.ping(2s).has_value());
}

TEST_CASE("options are sent only where they differ from the default") {
    FakeDaemon fake;
    std::mutex mutex;
    std::vector<std::string> seen;
    fake.on("Apply", [&](sd_bus_message* call) {
        std::lock_guard const lock(mutex);
        char const* patch = nullptr;
        sd_bus_message_read(call, "s", &patch);
        seen.emplace_back(patch);
        sd_bus_message_enter_container(call, 'a', "{sv}");
        while (sd_bus_message_enter_container(call, 'e', "sv") > 0) {
            char const* key = nullptr;
            sd_bus_message_read(call, "s", &key);
            seen.emplace_back(key);
            sd_bus_message_skip(call, "v");
            sd_bus_message_exit_container(call);
        }
        return support::reply_object("lp_a")(call);
    });
    auto daemon = reach(fake);
    CHECK(daemon.apply("a", {}, {.limit = 2s}).value() == "lp_a");
    Change const change{
        .interactive = true, .reason = "test", .dry_run = true, .replace_unmanaged = true};
    CHECK(daemon.apply("a", change, {.limit = 2s}).has_value());
    std::lock_guard const lock(mutex);
    CHECK(
        seen ==
        std::vector<std::string>{"a", "a", "interactive", "reason", "dry_run", "replace_unmanaged"}
    );
}

TEST_CASE("what cannot be said on D-Bus is a wrong argument") {
    FakeDaemon fake;
    auto const reply = reach(fake).apply("\xff", {}, {.limit = 2s});
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().error.code == base::Errc::invalid_argument);
    CHECK(fake.calls().empty());
}

TEST_CASE("dictionaries are read by type, and what is unknown is passed over") {
    FakeDaemon fake;
    fake.on("ListBlockers", [](sd_bus_message* call) {
        sd_bus_message* reply = nullptr;
        sd_bus_message_new_method_return(call, &reply);
        sd_bus_message_append(
            reply,
            "aa{sv}",
            2,
            6,
            "pid",
            "u",
            7,
            "since",
            "t",
            std::uint64_t{1} << 40U,
            "comm",
            "s",
            "nginx",
            "stack",
            "as",
            2,
            "a",
            "b",
            "odd",
            "(ii)",
            1,
            2,
            "flag",
            "b",
            1,
            0
        );
        int const sent = sd_bus_send(nullptr, reply, nullptr);
        sd_bus_message_unref(reply);
        return sent;
    });
    auto const tasks = reach(fake).blockers(2s).value();
    REQUIRE(tasks.size() == 2);
    CHECK(tasks[0].get<std::uint64_t>("pid") == 7);
    CHECK(tasks[0].get<std::uint64_t>("since") == std::uint64_t{1} << 40U);
    CHECK(tasks[0].get<std::string>("comm") == "nginx");
    CHECK(tasks[0].get<std::vector<std::string>>("stack") == std::vector<std::string>{"a", "b"});
    CHECK(tasks[0].get<bool>("flag"));
    CHECK_FALSE(tasks[0].contains("odd"));
    CHECK(tasks[0].get<std::string>("pid").empty()); // another type
    CHECK(tasks[0].get<std::string>("missing").empty());
    CHECK(tasks[1].empty());
}

TEST_CASE("an answer of another type is an error, not a crash") {
    FakeDaemon fake;
    fake.on("ListBlockers", [](sd_bus_message* call) {
        return sd_bus_reply_method_return(call, "s", "what?");
    });
    fake.on("Apply", support::reply_nothing);
    CHECK(reach(fake).blockers(2s).error().kind == Kind::refused);
    CHECK(reach(fake).apply("x", {}, {.limit = 2s}).error().kind == Kind::refused);
}

TEST_CASE("a connection that ends is an unreachable daemon") {
    FakeDaemon fake;
    fake.on("Revert", [&](sd_bus_message*) {
        fake.hang_up();
        return 0;
    });
    auto const reply = reach(fake).revert("x", {}, {.limit = 5s});
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().kind == Kind::unreachable);
}

TEST_CASE("the caller does something while it waits, and may stop") {
    FakeDaemon fake;
    fake.set_stuck(true);
    auto daemon = reach(fake);
    int ticks = 0;
    Waiting const waiting{.limit = std::nullopt, .tick = [&] { return ++ticks < 2; }};
    CHECK(daemon.revert("x", {}, waiting).error().kind == Kind::interrupted);
    CHECK(ticks == 2);
}
