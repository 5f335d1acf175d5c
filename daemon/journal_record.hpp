// An event as a record of the journal: its fields, and the id that the catalogue explains.
#pragma once

#include "report/event.hpp"

#include <string>
#include <vector>

namespace livepatch::daemon {

// Never changes for a kind, and is no other kind's; systemd/livepatchd.catalog says what it means.
char const* message_id(report::EventKind kind);

int priority(report::EventKind kind); // by syslog

// The sentence, and below it what the kernel said.
std::string journal_message(report::Event const& event);

// "NAME=VALUE". What is not known is not there.
std::vector<std::string> journal_fields(report::Event const& event);

} // namespace livepatch::daemon
