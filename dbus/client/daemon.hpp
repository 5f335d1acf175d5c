// livepatchd as a program sees it: org.livepatchd1 (dbus/interfaces/).
#pragma once

#include "dbus_client/bus.hpp"
#include "dbus_client/call_error.hpp"
#include "dbus_client/message.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace livepatch::dbus_client {

// The options of the methods that change something.
struct Change {
    bool interactive = false; // polkit may ask for a password
    std::string reason = {};
    bool dry_run = false;
    bool replace_unmanaged = false;
};

// Which events are asked for.
struct HistoryQuery {
    std::string patch = {};  // "" = all
    std::uint64_t since = 0; // microseconds since 1970
    std::uint32_t limit = 0; // 0 = as many as there may be
};

class Daemon {
public:
    // Connects and asks the bus whether somebody has the name; never starts the daemon and never
    // talks to it, so a stuck one is found running. `unreachable` when there is none.
    static Reply<Daemon> reach(std::string const& bus_address, std::chrono::milliseconds patience);

    // Whether it answers at all. Its loop never blocks, so one that does not is stuck.
    Reply<void> ping(std::chrono::milliseconds patience);

    // As `systemctl reload` does: it reads its configuration anew, and is not waited for. For its
    // own user alone.
    Reply<void> reload(std::chrono::milliseconds patience);

    Reply<void> refresh(Change const& change, Waiting const& waiting);
    // The module name of the patch.
    Reply<std::string>
    apply(std::string const& patch, Change const& change, Waiting const& waiting);
    Reply<std::vector<std::string>> apply_all(Change const& change, Waiting const& waiting);
    Reply<void> revert(std::string const& patch, Change const& change, Waiting const& waiting);
    Reply<void> revert_all(Change const& change, Waiting const& waiting);

    // Of these only the reason and whether a password may be asked for count.
    Reply<void> hold(std::string const& patch, Change const& change, Waiting const& waiting);
    Reply<void> unhold(std::string const& patch, Change const& change, Waiting const& waiting);
    Reply<void> pause(Change const& change, Waiting const& waiting);
    Reply<void> resume(Change const& change, Waiting const& waiting);
    Reply<void>
    reset_trust(std::string const& repository, Change const& change, Waiting const& waiting);

    // What a load would end with; "" = the host alone. See the interface's description.
    Reply<Dictionary> check(std::string const& patch, Waiting const& waiting);
    Reply<Dictionary> check_file(int file, std::string const& name, Waiting const& waiting);

    Reply<std::vector<Dictionary>> blockers(std::chrono::milliseconds patience);
    Reply<std::vector<Dictionary>>
    history(HistoryQuery const& query, std::chrono::milliseconds patience);
    // The properties of the manager, or of a patch by its module name.
    Reply<Dictionary> properties(std::chrono::milliseconds patience);
    Reply<Dictionary>
    patch_properties(std::string const& module, std::chrono::milliseconds patience);

private:
    explicit Daemon(Bus bus) : bus_(std::move(bus)) {}

    Reply<pid_t> process(std::chrono::milliseconds patience);

    Reply<Message> change(
        std::string const& method,
        std::string const* patch,
        Change const& change,
        Waiting const& waiting
    );
    Reply<void> configure(
        std::string const& method,
        std::vector<std::string> const& arguments,
        Change const& change,
        Waiting const& waiting
    );
    Reply<Dictionary> all_properties(
        std::string const& path, std::string const& interface, std::chrono::milliseconds patience
    );

    Bus bus_;
};

// "/org/livepatchd1/patch/…" of a module name, and back; "" for any other path.
std::string object_path(std::string const& module);
std::string module_name(std::string const& object_path);

} // namespace livepatch::dbus_client
