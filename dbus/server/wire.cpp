#include "dbus_server/wire.hpp"

#include "base/text.hpp"
#include "report/error_name.hpp"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <cstdlib>

namespace livepatch::dbus_server {

namespace {

constexpr std::size_t max_reason = 1024;
constexpr std::size_t max_patch = 256;
constexpr std::size_t max_file_name = 255;

base::Error invalid(std::string subject, std::string cause) {
    return {
        .code = base::Errc::invalid_argument,
        .subject = std::move(subject),
        .cause = std::move(cause),
        .remedy = {}};
}

template <class T>
base::Result<void> take(std::string const& key, sdbus::Variant const& value, T& target) {
    if (!value.containsValueOfType<T>())
        return invalid("option " + key, "value of another type");
    target = value.get<T>();
    return {};
}

base::Result<void>
take_option(std::string const& key, sdbus::Variant const& value, CallOptions& options) {
    if (key == "interactive")
        return take(key, value, options.interactive);
    if (key == "dry_run")
        return take(key, value, options.engine.dry_run);
    if (key == "replace_unmanaged")
        return take(key, value, options.engine.replace_unmanaged);
    auto taken = take(key, value, options.engine.reason);
    return taken ? check_reason(options.engine.reason) : taken;
}

// sdbus-c++ 1.2 keeps the flags of a message to itself.
struct OpenMessage : sdbus::Message {
    static sd_bus_message* of(sdbus::Message const& message) {
        return static_cast<sd_bus_message*>(message.*(&OpenMessage::msg_));
    }
};

} // namespace

sdbus::Error to_wire(base::Error const& error) {
    auto message = describe(error);
    for (auto const& line : error.kernel_log)
        message += "\nkernel: " + base::escaped(line);
    return {
        std::string(report::error_prefix) + std::string(report::error_name(error.code)), message};
}

std::vector<std::string> text(std::vector<std::string> strings) {
    std::transform(strings.begin(), strings.end(), strings.begin(), base::escaped);
    return strings;
}

std::uint64_t to_wire(std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(duration_cast<microseconds>(time.time_since_epoch()).count());
}

Dictionary to_wire(report::Event const& event, bool inspect) {
    auto const word = [](std::string_view text) { return sdbus::Variant(std::string(text)); };
    auto const safe = [](std::string const& text) { return sdbus::Variant(base::escaped(text)); };
    auto const usec = [](std::chrono::microseconds duration) {
        return sdbus::Variant(static_cast<std::uint64_t>(duration.count()));
    };
    Dictionary entry{
        {"time", sdbus::Variant(to_wire(event.time))},
        {"event", word(name(event.kind))},
        {"outcome", word(name(outcome(event.kind)))},
        {"patch", safe(event.patch)},
        {"id", safe(event.id)},
        {"version", safe(event.version)},
        {"sha256", safe(event.sha256)},
        {"signer", safe(event.signer)},
        {"source", safe(event.source)},
        {"trigger", word(name(event.trigger))},
        {"reason", safe(event.reason)},
        {"message", safe(event.message)},
        {"verify_usec", usec(event.durations.verify)},
        {"load_usec", usec(event.durations.load)},
        {"transition_usec", usec(event.durations.transition)},
        {"kernel_log", sdbus::Variant(text(event.kernel_log))},
        {"kernel", safe(event.kernel_release)},
        {"boot_id", safe(event.boot_id)},
    };
    if (!inspect)
        return entry;
    if (event.caller.uid)
        entry.emplace("uid", sdbus::Variant(*event.caller.uid));
    entry.emplace("sender", safe(event.caller.sender));
    entry.emplace("unit", safe(event.caller.unit));
    entry.emplace("blockers", sdbus::Variant(text(event.blockers)));
    return entry;
}

Dictionary to_wire(kernel::Blocker const& blocker, bool inspect) {
    auto const& task = blocker.task;
    Dictionary entry{
        {"pid", sdbus::Variant(static_cast<std::uint32_t>(task.pid))},
        {"tid", sdbus::Variant(static_cast<std::uint32_t>(task.tid))},
        {"comm", sdbus::Variant(base::escaped(task.comm))},
        {"kind", sdbus::Variant(std::string(task.kthread ? "kthread" : "user"))},
        {"unit", sdbus::Variant(base::escaped(task.unit))},
        {"container", sdbus::Variant(base::escaped(task.container))},
        {"state", sdbus::Variant(std::string(1, task.state))},
        {"function", sdbus::Variant(base::escaped(blocker.function))},
        {"class", sdbus::Variant(std::string(name(blocker.kind)))},
        {"advice", sdbus::Variant(blocker.advice)},
    };
    if (!inspect)
        return entry;
    entry.emplace("wchan", sdbus::Variant(base::escaped(task.wchan)));
    entry.emplace("stack", sdbus::Variant(text(task.stack)));
    return entry;
}

namespace {

sdbus::Variant word(std::string_view text) {
    return sdbus::Variant(std::string(text));
}

sdbus::Variant safe(std::string const& text) {
    return sdbus::Variant(base::escaped(text));
}

std::string_view name_of(std::optional<base::Error> const& error) {
    return error ? report::error_name(error->code) : std::string_view();
}

std::string const& reason_of(preflight::Check const& check, bool inspect) {
    return inspect || check.for_all.empty() ? check.reason : check.for_all;
}

Dictionary to_wire(preflight::Check const& check, bool inspect) {
    return {
        {"name", word(check.name)},
        {"outcome", word(name(check.outcome))},
        {"reason", safe(reason_of(check, inspect))},
        {"remedy", safe(check.remedy)},
        {"error", word(name_of(check.error))},
    };
}

} // namespace

Dictionary to_wire(preflight::Verdict const& verdict, bool inspect) {
    std::vector<Dictionary> checks;
    checks.reserve(verdict.checks.size());
    for (auto const& check : verdict.checks)
        checks.push_back(to_wire(check, inspect));
    auto const* decisive = preflight::decisive(verdict.checks);
    return {
        {"patch", safe(verdict.patch)},
        {"sha256", word(verdict.sha256)},
        {"loads", sdbus::Variant(decisive == nullptr)},
        {"error", word(decisive == nullptr ? std::string_view() : name_of(decisive->error))},
        {"message", safe(decisive == nullptr ? std::string() : reason_of(*decisive, inspect))},
        {"remedy", safe(decisive == nullptr ? std::string() : decisive->remedy)},
        {"checks", sdbus::Variant(checks)},
    };
}

base::Result<CallOptions>
parse_options(Dictionary const& options, std::vector<std::string_view> const& known) {
    CallOptions parsed;
    for (auto const& [key, value] : options) {
        if (std::find(known.begin(), known.end(), key) == known.end())
            return invalid("option " + key, "not an option of this method");
        if (auto taken = take_option(key, value, parsed); !taken)
            return taken.error();
    }
    return parsed;
}

base::Result<history::Query> parse_query(Dictionary const& options) {
    // Later than any time there can be: what is after it is nothing.
    constexpr std::uint64_t latest = 9'000'000'000'000'000;
    history::Query query;
    std::uint64_t since = 0;
    for (auto const& [key, value] : options) {
        auto taken = key == "patch"   ? take(key, value, query.patch)
                     : key == "since" ? take(key, value, since)
                     : key == "limit" ? take(key, value, query.limit)
                                      : invalid("option " + key, "not an option of this method");
        if (taken && key == "patch")
            if (auto const parsed = parse_patch(query.patch); !parsed)
                taken = parsed.error();
        if (!taken)
            return taken.error();
    }
    query.since += std::chrono::microseconds(std::min(since, latest));
    query.limit =
        query.limit == 0 ? history::Query::most : std::min(query.limit, history::Query::most);
    return query;
}

base::Result<std::string> parse_patch(std::string const& patch) {
    if (patch.empty())
        return invalid("patch", "empty name");
    if (patch.size() > max_patch)
        return invalid("patch", "name longer than 256 bytes");
    return patch;
}

base::Result<void> check_file_name(std::string const& name) {
    if (name.size() > max_file_name)
        return invalid("name", "longer than 255 bytes");
    return {};
}

base::Result<void> check_reason(std::string const& reason) {
    if (reason.size() > max_reason)
        return invalid("reason", "longer than 1024 bytes");
    return {};
}

bool allows_interaction(sdbus::Message const& call) {
    return ::sd_bus_message_get_allow_interactive_authorization(OpenMessage::of(call)) > 0;
}

std::string patch_path(std::string const& name) {
    char* path = nullptr;
    if (::sd_bus_path_encode("/org/livepatchd1/patch", name.c_str(), &path) < 0)
        throw std::bad_alloc();
    std::unique_ptr<char, decltype(&std::free)> const owner(path, &std::free);
    return path;
}

report::Report const& fresh_report(engine::Engine& engine) {
    try {
        return engine.report();
    } catch (std::exception const& error) {
        throw to_wire(base::Error{
            .code = base::Errc::failed, .subject = {}, .cause = error.what(), .remedy = {}});
    }
}

} // namespace livepatch::dbus_server
