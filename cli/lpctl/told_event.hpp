// An event as history and monitor show it, whether the daemon told it or the database has it.
#pragma once

#include "dbus_client/message.hpp"
#include "lpctl/failure.hpp"
#include "report/event.hpp"

#include <string>

namespace livepatch::lpctl {

struct ToldEvent {
    report::Event event;
    // As they were told: a newer daemon may know others than this program.
    std::string kind;
    std::string outcome;
};

ToldEvent told(report::Event event);
ToldEvent told(dbus_client::Dictionary const& event);

// As report::to_json.
Json told_json(ToldEvent const& told);

// Who did it: "livepatchd", "root in cron.service", "another tool".
std::string who_text(ToldEvent const& told);

// What happened in a sentence, without the patch's name before it: "every task runs the patched
// code (after 1.2 s)".
std::string what_text(ToldEvent const& told);

} // namespace livepatch::lpctl
