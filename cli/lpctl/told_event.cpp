#include "lpctl/told_event.hpp"

#include "lpctl/duration.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <pwd.h>
#include <unistd.h>
#include <utility>

namespace livepatch::lpctl {

namespace {

using dbus_client::Dictionary;
using std::chrono::microseconds;

report::Time time_of(std::uint64_t usec) {
    constexpr std::uint64_t latest = 9'000'000'000'000'000; // of what the clock can show
    return report::Time(microseconds(usec > latest ? 0 : usec));
}

std::string user_name(std::uint32_t uid) {
    ::passwd entry = {};
    ::passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return found->pw_name;
    return "user " + std::to_string(uid);
}

} // namespace

ToldEvent told(report::Event event) {
    ToldEvent told{.event = std::move(event), .kind = {}, .outcome = {}};
    told.kind = name(told.event.kind);
    told.outcome = name(outcome(told.event.kind));
    return told;
}

ToldEvent told(Dictionary const& dictionary) {
    auto const text = [&](char const* key) { return dictionary.get<std::string>(key); };
    auto const lines = [&](char const* key) {
        return dictionary.get<std::vector<std::string>>(key);
    };
    auto const number = [&](char const* key) { return dictionary.get<std::uint64_t>(key); };
    auto const duration = [&](char const* key) { return microseconds(number(key)); };
    report::Event event{
        .kind = report::event_kind(text("event")).value_or(report::EventKind::operation_failed),
        .time = time_of(number("time")),
        .patch = text("patch"),
        .id = text("id"),
        .sha256 = text("sha256"),
        .message = text("message"),
        .kernel_log = lines("kernel_log"),
        .version = text("version"),
        .signer = text("signer"),
        .source = text("source"),
        .trigger = report::trigger(text("trigger")).value_or(report::Trigger::daemon),
        .caller = {.sender = text("sender"), .unit = text("unit")},
        .reason = text("reason"),
        .durations =
            {.verify = duration("verify_usec"),
             .load = duration("load_usec"),
             .transition = duration("transition_usec")},
        .blockers = lines("blockers"),
        .boot_id = text("boot_id"),
        .kernel_release = text("kernel")};
    if (dictionary.contains("uid"))
        event.caller.uid = static_cast<std::uint32_t>(number("uid"));
    return {.event = std::move(event), .kind = text("event"), .outcome = text("outcome")};
}

Json told_json(ToldEvent const& told) {
    auto json = report::to_json(told.event);
    json["event"] = told.kind;
    json["outcome"] = told.outcome;
    return json;
}

std::string who_text(ToldEvent const& told) {
    auto const& [event, kind, outcome] = told;
    switch (event.trigger) {
    case report::Trigger::daemon:
        return "livepatchd";
    case report::Trigger::other_tool:
        return "another tool";
    case report::Trigger::request:
        break;
    }
    if (!event.caller.uid)
        return "an administrator";
    auto const name = user_name(*event.caller.uid);
    return event.caller.unit.empty() ? name : name + " in " + event.caller.unit;
}

std::string what_text(ToldEvent const& told) {
    auto const& event = told.event;
    auto text = event.message;
    if (auto const prefix = event.patch + ": "; text.starts_with(prefix))
        text.erase(0, prefix.size());
    if (event.durations.transition.count() != 0)
        text +=
            " (after " +
            duration_text(std::chrono::ceil<std::chrono::milliseconds>(event.durations.transition)
            ) +
            ")";
    return text;
}

} // namespace livepatch::lpctl
