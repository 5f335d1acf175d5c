#include "history/sqlite.hpp"

#include <sqlite3.h>
#include <system_error>

namespace livepatch::history {

void CloseConnection::operator()(sqlite3* connection) const {
    ::sqlite3_close(connection);
}

void Finalize::operator()(sqlite3_stmt* statement) const {
    ::sqlite3_finalize(statement);
}

int Connection::open(std::string const& name, int flags) {
    sqlite3* raw = nullptr;
    int const code = ::sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
    connection_.reset(raw); // there is one also when that failed
    return code;
}

int Connection::execute(char const* sql) {
    return ::sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
}

int Connection::number(char const* sql, std::int64_t& value) {
    Statement statement;
    if (int const code = statement.prepare(*this, sql); code != SQLITE_OK)
        return code;
    int const code = statement.step();
    if (code != SQLITE_ROW)
        return code == SQLITE_DONE ? SQLITE_CORRUPT : code;
    value = statement.number(0);
    return SQLITE_OK;
}

base::Error
Connection::error(std::filesystem::path const& file, std::string_view what, int code) const {
    base::Error error{
        .subject = file.string(),
        .cause = std::string(what) + ": " + ::sqlite3_errstr(code & 0xff),
        .remedy = {}};
    if (get() != nullptr)
        error.os_error = ::sqlite3_system_errno(get());
    if (error.os_error != 0)
        error.cause += ", " + std::generic_category().message(error.os_error);
    return error;
}

int Statement::prepare(Connection& connection, char const* sql) {
    sqlite3_stmt* raw = nullptr;
    int const code = ::sqlite3_prepare_v2(connection.get(), sql, -1, &raw, nullptr);
    statement_.reset(raw);
    return code;
}

void Statement::bind(int parameter, std::int64_t value) {
    ::sqlite3_bind_int64(statement_.get(), parameter, value);
}

void Statement::bind(int parameter, std::string_view value) {
    // SQLite copies it. A null pointer would be NULL.
    auto const* data = value.data() == nullptr ? "" : value.data();
    ::sqlite3_bind_text64(
        statement_.get(), parameter, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8 // NOLINT
    );
}

void Statement::bind_null(int parameter) {
    ::sqlite3_bind_null(statement_.get(), parameter);
}

int Statement::step() {
    return ::sqlite3_step(statement_.get());
}

void Statement::reset() {
    ::sqlite3_reset(statement_.get());
}

bool Statement::is_null(int column) const {
    return ::sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::number(int column) const {
    return ::sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
    auto const* data = ::sqlite3_column_text(statement_.get(), column);
    auto const size = ::sqlite3_column_bytes(statement_.get(), column);
    if (data == nullptr)
        return {};
    return {reinterpret_cast<char const*>(data), static_cast<std::size_t>(size)}; // NOLINT
}

} // namespace livepatch::history
