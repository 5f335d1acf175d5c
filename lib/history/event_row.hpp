// An event as a row of the database.
#pragma once

#include "history/sqlite.hpp"
#include "report/event.hpp"

#include <optional>

namespace livepatch::history {

// The form of the database, as its user_version counts it.
inline constexpr int schema_version = 1;

extern char const* const create_table;
extern char const* const insert_row;
// Parameters: patch or id ("" = any), not before (microseconds), at most so many. Newest first.
extern char const* const select_rows;

void bind_row(Statement& statement, report::Event const& event);

// Nothing for a kind of event that this version does not know.
std::optional<report::Event> read_row(Statement const& statement);

} // namespace livepatch::history
