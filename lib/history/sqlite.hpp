// SQLite, owned: what is open is closed. The functions give SQLite's own codes, SQLITE_OK or
// SQLITE_DONE where all is well.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace livepatch::history {

struct CloseConnection {
    void operator()(sqlite3* connection) const;
};

// For one thread at a time.
class Connection {
public:
    // `flags` of sqlite3_open_v2, `name` a path or, with SQLITE_OPEN_URI, an URI.
    int open(std::string const& name, int flags);
    int execute(char const* sql);
    int number(char const* sql, std::int64_t& value); // of the first row and column

    sqlite3* get() const { return connection_.get(); }

    // What the newest call came to; `code` is what it gave.
    base::Error error(std::filesystem::path const& file, std::string_view what, int code) const;

private:
    std::unique_ptr<sqlite3, CloseConnection> connection_;
};

struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
};

class Statement {
public:
    int prepare(Connection& connection, char const* sql);

    // Parameters count from 1.
    void bind(int parameter, std::int64_t value);
    void bind(int parameter, std::string_view value);
    void bind_null(int parameter);

    int step(); // SQLITE_ROW: the columns can be read
    void reset();

    // Columns count from 0.
    bool is_null(int column) const;
    std::int64_t number(int column) const;
    std::string text(int column) const;

private:
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

} // namespace livepatch::history
