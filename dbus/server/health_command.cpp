#include "dbus_server/health_command.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace livepatch::dbus_server {

namespace {

using namespace std::chrono_literals;

constexpr auto unit_name = "livepatch-health.service";
constexpr auto unit_path = "/org/freedesktop/systemd1/unit/livepatch_2dhealth_2eservice";
constexpr auto service = "org.freedesktop.systemd1";
constexpr auto manager_interface = "org.freedesktop.systemd1.Manager";
constexpr auto properties_interface = "org.freedesktop.DBus.Properties";
constexpr auto answer_timeout = 10s;
constexpr auto grace = 30s;

// What systemd.exec(5) calls the exit codes of its own, and what POSIX says of a shell.
constexpr std::int32_t first_of_systemd = 200;
constexpr std::int32_t not_executable = 126;
constexpr std::int32_t not_found = 127;

using Property = sdbus::Struct<std::string, sdbus::Variant>;
using Command = sdbus::Struct<std::string, std::vector<std::string>, bool>;
using Auxiliary = sdbus::Struct<std::string, std::vector<Property>>;

std::uint64_t usec(std::chrono::microseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

// systemd expands variables before the shell sees them.
std::string unexpanded(std::string_view command) {
    std::string text;
    for (char const c : command)
        text += c == '$' ? "$$" : std::string(1, c);
    return text;
}

std::vector<Property> properties(std::string const& patch, std::string const& command) {
    auto const text = [](char const* value) { return sdbus::Variant(std::string(value)); };
    return {
        {"Description", sdbus::Variant("Health command of livepatchd for " + patch)},
        {"Type", text("oneshot")},
        {"ExecStart",
         sdbus::Variant(std::vector<Command>{
             {"/bin/sh", {"/bin/sh", "-c", unexpanded(command)}, false}})},
        {"Environment", sdbus::Variant(std::vector<std::string>{"LIVEPATCH=" + patch})},
        {"RemainAfterExit", sdbus::Variant(true)}, // until we have seen it
        {"DynamicUser", sdbus::Variant(true)},
        {"NoNewPrivileges", sdbus::Variant(true)},
        {"TimeoutStartUSec", sdbus::Variant(usec(HealthCommand::time_limit))},
        {"TimeoutStopUSec", sdbus::Variant(usec(5s))}};
}

base::Error not_asked(std::string cause) {
    return {
        .code = base::Errc::failed,
        .subject = "[probation] command",
        .cause = std::move(cause),
        .remedy = "journalctl -u livepatch-health.service"};
}

// Whoever was killed, had no time or was never begun has said nothing.
base::Result<HealthCommand::Verdict> judge(std::string const& result, std::int32_t status) {
    auto const words = "exit status " + std::to_string(status);
    if (result != "exit-code")
        return not_asked("it did not end by itself: " + result);
    if (status == not_executable || status == not_found || status >= first_of_systemd)
        return not_asked("it cannot be run: " + words);
    return HealthCommand::Verdict{
        .well = false, .words = "the health command says that the host is not well: " + words};
}

} // namespace

// Of this one unit only: nobody is woken by the others.
HealthCommand::HealthCommand(
    sdbus::IConnection& bus, BusPump& pump, base::Clock& clock, std::string command
)
    : pump_(pump),
      clock_(clock),
      manager_(sdbus::createProxy(bus, service, "/org/freedesktop/systemd1")),
      unit_(sdbus::createProxy(bus, service, unit_path)),
      command_(std::move(command)) {
    unit_->uponSignal("PropertiesChanged")
        .onInterface(properties_interface)
        .call(
            [this](std::string const& interface, Properties const& properties, std::vector<std::string> const&) {
                changed(interface, properties);
            }
        );
    unit_->finishRegistration();
}

template <class... Arguments>
void HealthCommand::ask(char const* method, Arguments const&... arguments) {
    // In one expression: the invoker keeps references.
    manager_->callMethodAsync(method)
        .onInterface(manager_interface)
        .withTimeout(answer_timeout)
        .withArguments(std::string(unit_name), std::string(arguments)...)
        .uponReplyInvoke([](sdbus::Error const*) {});
    pump_.wake();
}

void HealthCommand::run(std::string const& patch, Done done) {
    done_ = std::move(done);
    patch_ = patch;
    verdict_.reset();
    too_late_ = clock_.alarm(clock_.now() + time_limit + grace, [this] {
        finish(not_asked("nothing was heard of it for too long"));
    });
    // What a daemon left that was killed.
    ask("StopUnit", "replace");
    ask("ResetFailedUnit");
    // systemd tells of units only when somebody wants to know. Twice is an error, and no harm.
    manager_->callMethodAsync("Subscribe")
        .onInterface(manager_interface)
        .withTimeout(answer_timeout)
        .uponReplyInvoke([this](sdbus::Error const*) { start(); });
    pump_.wake();
}

void HealthCommand::start() {
    if (!done_)
        return;
    manager_->callMethodAsync("StartTransientUnit")
        .onInterface(manager_interface)
        .withTimeout(answer_timeout)
        .withArguments(
            std::string(unit_name),
            std::string("replace"),
            properties(patch_, command_),
            std::vector<Auxiliary>()
        )
        .uponReplyInvoke([this](sdbus::Error const* error, sdbus::ObjectPath const&) {
            if (error == nullptr)
                started_ = true;
            else if (error->getName() == "org.freedesktop.systemd1.UnitExists") // on its way out
                again_ = clock_.alarm(clock_.now() + 1s, [this] { start(); });
            else
                finish(not_asked("systemd does not run it: " + error->getMessage()));
        });
    pump_.wake();
}

// What is told before it has been started is of a unit before. It stays until it is told to go, and
// the verdict waits for that: the next one has the same name.
void HealthCommand::changed(std::string const& interface, Properties const& properties) {
    auto const state = properties.find("ActiveState");
    if (!started_ || interface != "org.freedesktop.systemd1.Unit" || state == properties.end())
        return;
    auto const word = state->second.get<std::string>();
    if (word == "inactive" && verdict_)
        return finish(*std::exchange(verdict_, {}));
    if (verdict_)
        return;
    if (word == "active") {
        verdict_ = Verdict{};
        ask("StopUnit", "replace");
    } else if (word == "failed") {
        read_result();
    }
}

void HealthCommand::read_result() {
    verdict_ = not_asked("systemd does not tell how it ended"); // until it does
    unit_->callMethodAsync("GetAll")
        .onInterface(properties_interface)
        .withTimeout(answer_timeout)
        .withArguments(std::string("org.freedesktop.systemd1.Service"))
        .uponReplyInvoke([this](sdbus::Error const* error, Properties const& properties) {
            auto const result = properties.find("Result");
            auto const status = properties.find("ExecMainStatus");
            if (error == nullptr && result != properties.end() && status != properties.end())
                verdict_ =
                    judge(result->second.get<std::string>(), status->second.get<std::int32_t>());
            forget();
        });
    pump_.wake();
}

// A unit that failed stays until somebody has read why.
void HealthCommand::forget() {
    manager_->callMethodAsync("ResetFailedUnit")
        .onInterface(manager_interface)
        .withTimeout(answer_timeout)
        .withArguments(std::string(unit_name))
        .uponReplyInvoke([this](sdbus::Error const*) {
            if (verdict_)
                finish(*std::exchange(verdict_, {}));
        });
    pump_.wake();
}

void HealthCommand::finish(base::Result<Verdict> verdict) {
    started_ = false;
    too_late_.reset();
    again_.reset();
    if (auto const done = std::exchange(done_, {}))
        done(std::move(verdict));
}

} // namespace livepatch::dbus_server
