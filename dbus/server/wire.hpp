// Values as they go over D-Bus.
#pragma once

#include "base/error.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "history/query.hpp"
#include "report/event.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::dbus_server {

using Dictionary = std::map<std::string, sdbus::Variant>;

// The error's name by the table in report/error_name.hpp, its sentence, and the kernel's lines
// after it.
sdbus::Error to_wire(base::Error const& error);

// As D-Bus takes it: what is no UTF-8 ends the call for it, and outside a call the daemon.
std::vector<std::string> text(std::vector<std::string> strings);

// Microseconds since 1970, 0 = not known.
std::uint64_t to_wire(std::chrono::system_clock::time_point time);

// Without who asked for it and which tasks it waited for: only those see that who may inspect.
Dictionary to_wire(report::Event const& event, bool inspect);

// Without the details that only those see who may inspect other users' tasks.
Dictionary to_wire(kernel::Blocker const& blocker, bool inspect);

// Without who else has hooked a function, likewise.
Dictionary to_wire(preflight::Verdict const& verdict, bool inspect);

// What a caller gave as options.
struct CallOptions {
    bool interactive = false;
    engine::Options engine;
};

// invalid_argument for a key that the method does not have, a value of another type, or a reason
// over 1,024 bytes.
base::Result<CallOptions>
parse_options(Dictionary const& options, std::vector<std::string_view> const& known);

// The options of GetHistory; invalid_argument likewise.
base::Result<history::Query> parse_query(Dictionary const& options);

// The patch argument of a call: invalid_argument when it is empty or longer than any name.
base::Result<std::string> parse_patch(std::string const& patch);

// Of a file that is handed in: invalid_argument when it is longer than any name of a file.
base::Result<void> check_file_name(std::string const& name);

// invalid_argument when it is over 1,024 bytes.
base::Result<void> check_reason(std::string const& reason);

// Whether the caller may be asked for a password while the call waits.
bool allows_interaction(sdbus::Message const& call);

std::string patch_path(std::string const& name);

// The engine's report as of now, for a property. Any failure becomes an sdbus::Error: sdbus-c++ 1.2
// lets other exceptions through libsystemd's frames, and that ends the daemon.
report::Report const& fresh_report(engine::Engine& engine);

} // namespace livepatch::dbus_server
