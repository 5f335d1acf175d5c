// Gathers what a reading verb shows, in bounded time, with or without the daemon.
#pragma once

#include "dbus_client/daemon.hpp"
#include "lpctl/context.hpp"
#include "lpctl/failure.hpp"
#include "lpctl/overlay.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace livepatch::lpctl {

struct Reading {
    View view;
    std::optional<dbus_client::Daemon> daemon; // connected, never spoken to
    dbus_client::CallError no_daemon = {};     // why there is none
};

Outcome<Reading> read_all(Context const& context);

// The same by whoever knows already whether the daemon is there.
Outcome<View> read_view(Context const& context, bool daemon_running);

// The patch with that module name or id; NotFound with a suggestion when there is none.
Outcome<report::PatchReport const*> find_patch(View const& view, std::string_view name_or_id);

// "did you mean 'X'?", or "" when no patch has a name like that.
std::string suggestion(View const& view, std::string_view name_or_id);

} // namespace livepatch::lpctl
