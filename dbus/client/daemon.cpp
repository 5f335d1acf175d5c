#include "dbus_client/daemon.hpp"

#include "base/unique_fd.hpp"

#include <sys/syscall.h>
#include <systemd/sd-bus.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <unistd.h>
#include <utility>

namespace livepatch::dbus_client {

namespace {

constexpr auto bus_name = "org.livepatchd1";
constexpr auto root_path = "/org/livepatchd1";
constexpr auto patch_prefix = "/org/livepatchd1/patch";
constexpr auto manager_interface = "org.livepatchd1.Manager";
constexpr auto patch_interface = "org.livepatchd1.Patch";

struct Free {
    void operator()(char* text) const { std::free(text); } // sd-bus hands out malloc'ed strings
};

using Text = std::unique_ptr<char, Free>;

CallError cannot_ask(int result) {
    auto error = base::system_error({}, "cannot be said on D-Bus", -result);
    error.code = base::Errc::invalid_argument;
    return {.kind = CallError::Kind::refused, .error = std::move(error)};
}

int append_flag(sd_bus_message* message, char const* key, bool value) {
    return value ? sd_bus_message_append(message, "{sv}", key, "b", 1) : 0;
}

// Only what differs from the default, so that daemons which know fewer options understand it.
int append_options(sd_bus_message* message, Change const& change) {
    int result = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
    if (result >= 0)
        result = append_flag(message, "interactive", change.interactive);
    if (result >= 0 && !change.reason.empty())
        result = sd_bus_message_append(message, "{sv}", "reason", "s", change.reason.c_str());
    if (result >= 0)
        result = append_flag(message, "dry_run", change.dry_run);
    if (result >= 0)
        result = append_flag(message, "replace_unmanaged", change.replace_unmanaged);
    return result < 0 ? result : sd_bus_message_close_container(message);
}

int append_query(sd_bus_message* message, HistoryQuery const& query) {
    int result = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
    if (result >= 0 && !query.patch.empty())
        result = sd_bus_message_append(message, "{sv}", "patch", "s", query.patch.c_str());
    if (result >= 0 && query.since != 0)
        result = sd_bus_message_append(message, "{sv}", "since", "t", query.since);
    if (result >= 0 && query.limit != 0)
        result = sd_bus_message_append(message, "{sv}", "limit", "u", query.limit);
    return result < 0 ? result : sd_bus_message_close_container(message);
}

CallError cannot_signal(int os_error) {
    return {
        .kind = CallError::Kind::refused,
        .error = base::system_error("livepatchd", "cannot be told to reload", os_error)};
}

Reply<void> done(Reply<Message> const& reply) {
    if (!reply)
        return reply.error();
    return {};
}

} // namespace

std::string object_path(std::string const& module) {
    char* encoded = nullptr;
    if (sd_bus_path_encode(patch_prefix, module.c_str(), &encoded) < 0)
        return {};
    return Text(encoded).get();
}

std::string module_name(std::string const& path) {
    char* decoded = nullptr;
    if (sd_bus_path_decode(path.c_str(), patch_prefix, &decoded) <= 0)
        return {};
    return Text(decoded).get();
}

Reply<pid_t> Daemon::process(std::chrono::milliseconds patience) {
    auto call = bus_.method_call(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "GetConnectionUnixProcessID"
    );
    if (!call)
        return call.error();
    if (int const result = sd_bus_message_append(call->get(), "s", bus_name); result < 0)
        return cannot_ask(result);
    auto const answer = bus_.send(std::move(*call), {.limit = patience});
    if (!answer)
        return answer.error();
    std::uint32_t pid = 0;
    if (int const result = sd_bus_message_read(answer->get(), "u", &pid); result < 0)
        return malformed("cannot read the answer of the message bus", result);
    return static_cast<pid_t>(pid);
}

// Asked for twice, so that what was opened in between is no process that came after it.
Reply<void> Daemon::reload(std::chrono::milliseconds patience) {
    auto const pid = process(patience);
    if (!pid)
        return pid.error();
    base::UniqueFd const opened(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    int const not_opened = errno;
    auto const still = process(patience);
    if (!still)
        return still.error();
    if (!opened || *still != *pid)
        return cannot_signal(opened ? ESRCH : not_opened);
    if (::syscall(SYS_pidfd_send_signal, opened.get(), SIGHUP, nullptr, 0) != 0)
        return cannot_signal(errno);
    return {};
}

Reply<Daemon> Daemon::reach(std::string const& bus_address, std::chrono::milliseconds patience) {
    auto bus = Bus::open(bus_address);
    if (!bus)
        return bus.error();
    auto call = bus->method_call(
        "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner"
    );
    if (!call)
        return call.error();
    if (int const result = sd_bus_message_append(call->get(), "s", bus_name); result < 0)
        return cannot_ask(result);
    auto const answer = bus->send(std::move(*call), {.limit = patience});
    if (!answer)
        return unreachable("the message bus does not answer", "see 'systemctl status dbus'");
    int owned = 0;
    if (int const result = sd_bus_message_read(answer->get(), "b", &owned); result < 0)
        return malformed("cannot read the answer of the message bus", result);
    if (owned == 0)
        return unreachable("not running", "start it with 'systemctl start livepatchd'");
    return Daemon(std::move(*bus));
}

Reply<void> Daemon::ping(std::chrono::milliseconds patience) {
    auto call = bus_.method_call(bus_name, root_path, "org.freedesktop.DBus.Peer", "Ping");
    if (!call)
        return call.error();
    auto const answer = bus_.send(std::move(*call), {.limit = patience});
    if (answer || answer.error().kind == CallError::Kind::refused)
        return {}; // a refusal is an answer, too
    if (answer.error().kind == CallError::Kind::timed_out)
        return unreachable(
            "running, but does not answer",
            "see 'systemctl status livepatchd'; a restart leaves loaded patches alone"
        );
    return answer.error();
}

Reply<Message> Daemon::change(
    std::string const& method,
    std::string const* patch,
    Change const& change,
    Waiting const& waiting
) {
    auto call = bus_.method_call(bus_name, root_path, manager_interface, method);
    if (!call)
        return call;
    int result = 0;
    if (patch != nullptr)
        result = sd_bus_message_append(call->get(), "s", patch->c_str());
    if (result >= 0)
        result = append_options(call->get(), change);
    if (result >= 0 && change.interactive)
        result = sd_bus_message_set_allow_interactive_authorization(call->get(), 1);
    if (result < 0)
        return cannot_ask(result);
    return bus_.send(std::move(*call), waiting);
}

Reply<void> Daemon::refresh(Change const& options, Waiting const& waiting) {
    return done(change("Refresh", nullptr, options, waiting));
}

Reply<std::string>
Daemon::apply(std::string const& patch, Change const& options, Waiting const& waiting) {
    auto const answer = change("Apply", &patch, options, waiting);
    if (!answer)
        return answer.error();
    char const* path = nullptr;
    if (int const result = sd_bus_message_read(answer->get(), "o", &path); result < 0)
        return malformed("cannot read its answer", result);
    return module_name(path);
}

Reply<std::vector<std::string>> Daemon::apply_all(Change const& options, Waiting const& waiting) {
    auto const answer = change("ApplyAll", nullptr, options, waiting);
    if (!answer)
        return answer.error();
    auto paths = read_strings(answer->get(), SD_BUS_TYPE_OBJECT_PATH);
    if (paths)
        for (auto& path : *paths)
            path = module_name(path);
    return paths;
}

Reply<void>
Daemon::revert(std::string const& patch, Change const& options, Waiting const& waiting) {
    return done(change("Revert", &patch, options, waiting));
}

Reply<void> Daemon::revert_all(Change const& options, Waiting const& waiting) {
    return done(change("RevertAll", nullptr, options, waiting));
}

Reply<void> Daemon::configure(
    std::string const& method,
    std::vector<std::string> const& arguments,
    Change const& change,
    Waiting const& waiting
) {
    auto call = bus_.method_call(bus_name, root_path, manager_interface, method);
    if (!call)
        return call.error();
    int result = 0;
    for (auto const& argument : arguments)
        if (result >= 0)
            result = sd_bus_message_append(call->get(), "s", argument.c_str());
    if (result >= 0 && change.interactive)
        result = sd_bus_message_set_allow_interactive_authorization(call->get(), 1);
    if (result < 0)
        return cannot_ask(result);
    return done(bus_.send(std::move(*call), waiting));
}

Reply<void> Daemon::hold(std::string const& patch, Change const& change, Waiting const& waiting) {
    return configure("Hold", {patch, change.reason}, change, waiting);
}

Reply<void> Daemon::unhold(std::string const& patch, Change const& change, Waiting const& waiting) {
    return configure("Unhold", {patch}, change, waiting);
}

Reply<void> Daemon::pause(Change const& change, Waiting const& waiting) {
    return configure("Pause", {change.reason}, change, waiting);
}

Reply<void> Daemon::resume(Change const& change, Waiting const& waiting) {
    return configure("Resume", {}, change, waiting);
}

Reply<void>
Daemon::reset_trust(std::string const& repository, Change const& change, Waiting const& waiting) {
    return configure("ResetTrust", {repository}, change, waiting);
}

Reply<Dictionary> Daemon::check(std::string const& patch, Waiting const& waiting) {
    auto call = bus_.method_call(bus_name, root_path, manager_interface, "Check");
    if (!call)
        return call.error();
    if (int const result = sd_bus_message_append(call->get(), "s", patch.c_str()); result < 0)
        return cannot_ask(result);
    auto const answer = bus_.send(std::move(*call), waiting);
    if (!answer)
        return answer.error();
    return read_dictionary(answer->get());
}

Reply<Dictionary> Daemon::check_file(int file, std::string const& name, Waiting const& waiting) {
    auto call = bus_.method_call(bus_name, root_path, manager_interface, "CheckFile");
    if (!call)
        return call.error();
    int const result = sd_bus_message_append(call->get(), "hs", file, name.c_str());
    if (result < 0)
        return cannot_ask(result);
    auto const answer = bus_.send(std::move(*call), waiting);
    if (!answer)
        return answer.error();
    return read_dictionary(answer->get());
}

Reply<std::vector<Dictionary>> Daemon::blockers(std::chrono::milliseconds patience) {
    auto call = bus_.method_call(bus_name, root_path, manager_interface, "ListBlockers");
    if (!call)
        return call.error();
    auto const answer = bus_.send(std::move(*call), {.limit = patience});
    if (!answer)
        return answer.error();
    return read_dictionaries(answer->get());
}

Reply<std::vector<Dictionary>>
Daemon::history(HistoryQuery const& query, std::chrono::milliseconds patience) {
    auto call = bus_.method_call(bus_name, root_path, manager_interface, "GetHistory");
    if (!call)
        return call.error();
    if (int const result = append_query(call->get(), query); result < 0)
        return cannot_ask(result);
    auto const answer = bus_.send(std::move(*call), {.limit = patience});
    if (!answer)
        return answer.error();
    return read_dictionaries(answer->get());
}

Reply<Dictionary> Daemon::all_properties(
    std::string const& path, std::string const& interface, std::chrono::milliseconds patience
) {
    auto call = bus_.method_call(bus_name, path, "org.freedesktop.DBus.Properties", "GetAll");
    if (!call)
        return call.error();
    if (int const result = sd_bus_message_append(call->get(), "s", interface.c_str()); result < 0)
        return cannot_ask(result);
    auto const answer = bus_.send(std::move(*call), {.limit = patience});
    if (!answer)
        return answer.error();
    return read_dictionary(answer->get());
}

Reply<Dictionary> Daemon::properties(std::chrono::milliseconds patience) {
    return all_properties(root_path, manager_interface, patience);
}

Reply<Dictionary>
Daemon::patch_properties(std::string const& module, std::chrono::milliseconds patience) {
    return all_properties(object_path(module), patch_interface, patience);
}

} // namespace livepatch::dbus_client
