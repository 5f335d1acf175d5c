#include "history/database.hpp"

#include "history/event_row.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace livepatch::history {

namespace fs = std::filesystem;

namespace {

constexpr int newer_schema = SQLITE_MISMATCH; // made by a newer version than this

// At once, so that a clock that is wrong for a while takes little with it.
constexpr std::int64_t most_forgotten = 100;

int primary(int code) {
    return code & 0xff;
}

// Also what SQLite reads and we do not: another form than that of its version.
bool is_damage(int code) {
    return primary(code) == SQLITE_CORRUPT || primary(code) == SQLITE_NOTADB;
}

// Our own SQL is right: what it does not fit is not our table.
int prepare(Statement& statement, Connection& connection, char const* sql) {
    int const code = statement.prepare(connection, sql);
    return code == SQLITE_ERROR ? SQLITE_CORRUPT : code;
}

int select(Connection& connection, Query const& query, std::vector<report::Event>& events) {
    using std::chrono::microseconds;
    auto const since = std::chrono::ceil<microseconds>(query.since.time_since_epoch());
    Statement rows;
    if (int const code = prepare(rows, connection, select_rows); code != SQLITE_OK)
        return code;
    rows.bind(1, query.patch);
    rows.bind(2, std::int64_t{since.count()});
    rows.bind(3, std::int64_t{std::min(query.limit, Query::most)});
    int code = SQLITE_OK;
    while ((code = rows.step()) == SQLITE_ROW)
        if (auto event = read_row(rows))
            events.push_back(std::move(*event));
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

fs::path beside(fs::path path, char const* suffix) {
    path += suffix;
    return path;
}

// False for a link. What cannot be changed is not changed: SQLite tells whether it can be used.
bool protect(fs::path const& path) {
    std::error_code ignored;
    if (fs::is_symlink(fs::symlink_status(path, ignored)))
        return false;
    constexpr auto owner_only = fs::perms::owner_read | fs::perms::owner_write;
    constexpr auto as_it_is = fs::perm_options::replace | fs::perm_options::nofollow;
    fs::permissions(path, owner_only, as_it_is, ignored);
    return true;
}

// As SQLite wants it in an URI.
std::string uri(fs::path const& path) {
    std::string text = "file:";
    for (char const c : path.string())
        text += c == '%' ? "%25" : c == '?' ? "%3f" : c == '#' ? "%23" : std::string(1, c);
    return text + "?immutable=1";
}

} // namespace

Database::Database(fs::path path, Retention retention)
    : path_(std::move(path)),
      aside_(beside(path_, ".damaged")),
      retention_(retention) {}

void Database::close() {
    connection_.reset();
}

// Makes the file, for its owner alone; what SQLite puts beside it is made like it.
int Database::open() {
    if (connection_)
        return SQLITE_OK;
    connection_.emplace();
    int const made = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0)
        ::close(made);
    else if (errno == EEXIST && !protect(path_))
        return SQLITE_CANTOPEN;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int const code = connection_->open(path_.string(), flags);
    return code == SQLITE_OK ? set_up() : code;
}

// The cache is small, and no more is ever kept in memory: the daemon weighs little. A large WAL is
// cut again when it has been copied into the database.
int Database::set_up() {
    auto& db = *connection_;
    ::sqlite3_busy_timeout(db.get(), static_cast<int>(patience.count()));
    ::sqlite3_db_config(db.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    std::int64_t version = 0;
    int code = db.execute("PRAGMA trusted_schema = OFF;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA cache_size = -256;"
                          "PRAGMA auto_vacuum = INCREMENTAL;" // before anything is in it
                          "PRAGMA journal_mode = WAL;"
                          "PRAGMA synchronous = FULL;"
                          "PRAGMA wal_autocheckpoint = 100;"
                          "PRAGMA journal_size_limit = 1048576");
    if (code == SQLITE_OK)
        code = db.number("PRAGMA user_version", version);
    if (code != SQLITE_OK || version == schema_version)
        return code;
    if (version != 0)
        return version > schema_version ? newer_schema : SQLITE_CORRUPT;
    code = db.execute("BEGIN IMMEDIATE");
    if (code == SQLITE_OK)
        code = db.execute(create_table);
    if (code == SQLITE_ERROR)
        return SQLITE_CORRUPT; // somebody else's
    auto const set_version = "PRAGMA user_version = " + std::to_string(schema_version);
    if (code == SQLITE_OK)
        code = db.execute(set_version.c_str());
    return code == SQLITE_OK ? db.execute("COMMIT") : code;
}

// Work is `int(Connection&, T&)`. What is damaged is moved aside, and tried once more.
template <class T, class Work>
base::Result<T> Database::attempt(std::string_view what, Work work) {
    for (bool again = true;; again = false) {
        T result{};
        int code = open();
        if (code == SQLITE_OK)
            code = work(*connection_, result);
        if (code == SQLITE_OK)
            return result;
        auto error = connection_->error(path_, what, code);
        if (primary(code) == newer_schema)
            error.cause = std::string(what) + ": written by a newer version of livepatchd";
        close(); // rolls back
        if (!is_damage(code) || !again)
            return error;
        if (auto const failed = move_aside())
            return *failed;
    }
}

base::Result<void> Database::append(std::span<report::Event const> events, report::Time now) {
    auto const written =
        attempt<bool>("cannot write", [&](Connection&, bool&) { return insert(events, now); });
    if (!written)
        return written.error();
    if (shrink() != SQLITE_OK)
        close(); // what was written stands; the next time it may have room to make room
    return {};
}

int Database::insert(std::span<report::Event const> events, report::Time now) {
    auto& db = *connection_;
    int code = db.execute("BEGIN IMMEDIATE");
    if (code != SQLITE_OK)
        return code;
    Statement row;
    code = prepare(row, db, insert_row);
    for (auto const& event : events) {
        if (code != SQLITE_OK)
            return code;
        bind_row(row, event);
        code = row.step();
        code = code == SQLITE_DONE ? SQLITE_OK : code;
        row.reset();
    }
    if (code == SQLITE_OK)
        code = forget_the_old(now);
    return code == SQLITE_OK ? db.execute("COMMIT") : code;
}

// Up to the last that is too old and lies before the first that is not: a row of a clock that was
// wrong goes with its neighbours.
int Database::forget_the_old(report::Time now) {
    using std::chrono::microseconds;
    auto const usec = [](report::Time time) {
        auto const count =
            std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
        return std::int64_t{count};
    };
    Statement old;
    int code = prepare(
        old,
        *connection_,
        "DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE seq <="
        " (SELECT max(seq) FROM event WHERE time < ?1 AND seq <"
        "  (SELECT seq FROM event WHERE time BETWEEN ?1 AND ?2 ORDER BY seq LIMIT 1))"
        " ORDER BY seq LIMIT ?3)"
    );
    if (code != SQLITE_OK)
        return code;
    old.bind(1, usec(now - retention_.keep));
    old.bind(2, usec(now));
    old.bind(3, most_forgotten);
    code = old.step();
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

// A tenth of the rows at a time.
int Database::shrink() {
    auto& db = *connection_;
    auto const most = std::max(retention_.max_size, Retention::least_size);
    for (;;) {
        std::int64_t size = 0;
        std::int64_t rows = 0;
        int code = db.number(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", size
        );
        if (code != SQLITE_OK || size <= most)
            return code;
        code = db.number("SELECT count(*) FROM (SELECT 1 FROM event LIMIT 2)", rows);
        if (code != SQLITE_OK || rows < 2)
            return code; // the newest is never forgotten
        code = db.execute("DELETE FROM event WHERE seq < (SELECT max(seq) FROM event) AND seq <="
                          " (SELECT min(seq) + (max(seq) - min(seq)) / 10 FROM event);"
                          "PRAGMA incremental_vacuum");
        if (code != SQLITE_OK)
            return code;
    }
}

base::Result<std::vector<report::Event>> Database::read(Query const& query) {
    using Events = std::vector<report::Event>;
    auto events = attempt<Events>("cannot read", [&](Connection& db, Events& found) {
        return select(db, query, found);
    });
    // What cannot be written may still be read.
    if (!events)
        if (auto read = read_database(path_, query))
            return read;
    return events;
}

// SQLite finds what was not yet copied into the database by this name too.
std::optional<base::Error> Database::move_aside() {
    std::error_code failed;
    fs::remove(beside(aside_, "-wal"), failed);
    fs::rename(beside(path_, "-wal"), beside(aside_, "-wal"), failed); // there may be none
    fs::remove(beside(path_, "-shm"), failed);
    fs::rename(path_, aside_, failed);
    if (!failed)
        return std::nullopt;
    return base::system_error(path_.string(), "damaged, and cannot be moved aside", failed.value());
}

std::optional<std::string> Database::damage() const {
    std::error_code failed;
    if (!fs::exists(aside_, failed))
        return std::nullopt;
    return path_.string() + " was damaged and begun anew; what is left of the old one is in " +
           aside_.string() + ", until it is removed";
}

base::Result<std::vector<report::Event>> read_database(fs::path const& path, Query const& query) {
    if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0)
        return base::system_error(path.string(), "cannot read", errno);
    std::vector<report::Event> events;
    Connection db;
    int code = db.open(path.string(), SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX);
    ::sqlite3_busy_timeout(db.get(), static_cast<int>(Database::patience.count()));
    if (code == SQLITE_OK)
        code = select(db, query, events);
    // Where nothing can be written SQLite cannot share it; nobody else writes there either.
    if (primary(code) == SQLITE_CANTOPEN || primary(code) == SQLITE_READONLY) {
        events.clear();
        code = db.open(uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI);
        if (code == SQLITE_OK)
            code = select(db, query, events);
    }
    if (code != SQLITE_OK)
        return db.error(path, "cannot read", code);
    return events;
}

} // namespace livepatch::history
