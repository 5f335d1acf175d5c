// history.db: what is written is read again, whole; what is in the way of that is said.
#include "history/database.hpp"
#include "history_bench.hpp"
#include "support/catch.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

using namespace livepatch;
using history::Database;
using history::Query;
using support::an_event;
using support::OtherProgram;
using support::patches;

namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

constexpr auto noon = support::SimulatedClock::begin;

struct Disk {
    support::TemporaryDirectory directory;

    std::filesystem::path path() const { return directory.path() / "history.db"; }

    std::filesystem::path beside(char const* suffix) const { return path().string() + suffix; }
};

void append(Database& database, report::Event const& event) {
    REQUIRE(database.append(std::vector{event}, event.time));
}

report::Event a_whole_event() {
    auto event = an_event("lp_a", noon + 123456us);
    event.kind = report::EventKind::load_failed;
    event.kernel_log = {"livepatch: \"first\" line", "second"};
    event.version = "2.1";
    event.signer = "Test Key";
    event.source = "vendor";
    event.trigger = report::Trigger::request;
    event.caller = {.uid = 0, .sender = ":1.42", .unit = "session-3.scope"};
    event.reason = "CVE-2026-1";
    event.durations = {.verify = 12us, .load = 34ms, .transition = 56s};
    event.blockers = {"bash[12]: long-sleep in f"};
    event.boot_id = "0123";
    event.kernel_release = "6.1.0-test";
    return event;
}

void write(std::filesystem::path const& path, std::string const& text) {
    std::ofstream(path, std::ios::binary) << text;
}

} // namespace

TEST_CASE("where a patch is, is told once") {
    Disk const disk;
    Database database(disk.path());
    auto event = an_event("lp_a", noon);
    auto const tell = [&](report::EventKind kind) {
        event.kind = kind;
        event.time += 1s;
        append(database, event);
    };
    using report::EventKind;
    auto const kinds = [&] {
        std::vector<EventKind> all;
        for (auto const& row : database.read({}).value())
            all.insert(all.begin(), row.kind);
        return all;
    };
    tell(EventKind::loaded);
    tell(EventKind::enabled);
    tell(EventKind::enabled); // by the daemon after the one that was killed
    CHECK(kinds() == std::vector{EventKind::loaded, EventKind::enabled});
    append(database, an_event("lp_b", noon)); // of another patch
    tell(EventKind::enabled);
    CHECK(kinds().size() == 3);
    tell(EventKind::held);
    tell(EventKind::held); // no place, but an act
    tell(EventKind::enabled);
    event.boot_id = "the next";
    tell(EventKind::enabled);
    event.sha256 = std::string(64, 'b');
    tell(EventKind::enabled);
    CHECK(kinds().size() == 8);
}

TEST_CASE("an event is read as it was written, by others too") {
    Disk const disk;
    Database database(disk.path());
    auto const event = a_whole_event();
    append(database, event);
    auto const own = database.read({});
    REQUIRE(own);
    CHECK(*own == std::vector{event});
    auto const beside = history::read_database(disk.path(), {});
    REQUIRE(beside);
    CHECK(*beside == std::vector{event});
    database.close();
    auto const afterwards = history::read_database(disk.path(), {});
    REQUIRE(afterwards);
    CHECK(*afterwards == std::vector{event});
    OtherProgram other(disk.path());
    CHECK(
        other.ask("SELECT patch || ' ' || event || ' ' || outcome FROM event") ==
        "lp_a load-failed failed"
    );
    CHECK(other.ask("SELECT transition_usec FROM event") == "56000000");
}

TEST_CASE("who is not known is not root") {
    Disk const disk;
    Database database(disk.path());
    append(database, an_event("lp_a", noon));
    CHECK_FALSE(database.read({}).value().front().caller.uid);
    OtherProgram other(disk.path());
    CHECK(other.ask("SELECT uid FROM event") == "NULL");
}

TEST_CASE("the newest come first, and as many as are asked for") {
    Disk const disk;
    Database database(disk.path());
    for (auto const* name : {"lp_a", "lp_b", "lp_a", "lp_c"})
        append(database, an_event(name, noon));
    auto const read = [&](Query const& query) { return patches(database.read(query).value()); };
    CHECK(read({}) == Strings{"lp_c", "lp_a", "lp_b", "lp_a"});
    CHECK(read({.limit = 2}) == Strings{"lp_c", "lp_a"});
    CHECK(read({.patch = "lp_a"}) == Strings{"lp_a", "lp_a"});
    CHECK(read({.patch = "id-lp_b"}) == Strings{"lp_b"});
    CHECK(read({.patch = "lp_"}).empty());
    CHECK(read({.patch = "' OR 1=1 --"}).empty());
    append(database, an_event("lp_d", noon + 1h));
    CHECK(read({.since = noon + 1h}) == Strings{"lp_d"});
    CHECK(read({.since = noon + 1h + 1us}).empty());
    CHECK(read({.patch = "lp_c", .since = noon + 1h}).empty());
}

TEST_CASE("the database is on the disk before an event counts as written") {
    Disk const disk;
    Database database(disk.path());
    append(database, an_event("lp_a", noon));
    struct ::stat status = {};
    REQUIRE(::stat(disk.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    OtherProgram other(disk.path());
    CHECK(other.ask("PRAGMA journal_mode") == "wal");
    CHECK(other.ask("PRAGMA user_version") == "1");
    database.close();
    CHECK_FALSE(std::filesystem::exists(disk.beside("-wal-journal")));
}

TEST_CASE("a history that others could read is for its owner alone again") {
    Disk const disk;
    Database database(disk.path());
    append(database, an_event("lp_a", noon));
    database.close();
    REQUIRE(::chmod(disk.path().c_str(), 0644) == 0);
    append(database, an_event("lp_b", noon));
    struct ::stat status = {};
    REQUIRE(::stat(disk.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    REQUIRE(::stat(disk.beside("-wal").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("what is too old goes, the oldest first and not much at once") {
    Disk const disk;
    Database database(disk.path(), {.keep = 24h});
    std::vector<report::Event> old;
    for (int i = 0; i < 150; ++i)
        old.push_back(an_event("old" + std::to_string(i), noon));
    REQUIRE(database.append(old, noon));
    append(database, an_event("lp_a", noon + 20h));
    CHECK(database.read({}).value().size() == 151);
    append(database, an_event("lp_b", noon + 25h));
    CHECK(database.read({}).value().size() == 52);
    CHECK(database.read({}).value().back().patch == "old100");
    append(database, an_event("lp_c", noon + 26h));
    CHECK(patches(database.read({}).value()) == Strings{"lp_c", "lp_b", "lp_a"});
}

TEST_CASE("a clock that was wrong for a while takes nothing with it") {
    Disk const disk;
    Database database(disk.path(), {.keep = 24h});
    append(database, an_event("lp_a", noon));
    append(database, an_event("lp_1970", report::Time(1s)));
    append(database, an_event("lp_b", noon + 1h));
    CHECK(patches(database.read({}).value()) == Strings{"lp_b", "lp_1970", "lp_a"});
    append(database, an_event("lp_c", noon + 24h + 30min));
    CHECK(patches(database.read({}).value()) == Strings{"lp_c", "lp_b"});
}

TEST_CASE("a time in the future keeps nothing for ever") {
    Disk const disk;
    Database database(disk.path(), {.keep = 24h});
    auto future = an_event("lp_2100", noon + 24h * 365 * 74);
    REQUIRE(database.append(std::vector{future}, noon));
    append(database, an_event("lp_a", noon + 1h));
    append(database, an_event("lp_b", noon + 48h));
    CHECK(patches(database.read({}).value()) == Strings{"lp_b"});
}

TEST_CASE("it does not grow beyond its size, and keeps the newest") {
    Disk const disk;
    constexpr std::int64_t most = 256L * 1024;
    Database database(disk.path(), {.max_size = most});
    auto event = an_event("lp", noon);
    event.message = std::string(2000, 'm');
    for (int i = 0; i < 400; ++i) {
        event.patch = "lp_" + std::to_string(i);
        append(database, event);
    }
    database.close();
    CHECK(std::filesystem::file_size(disk.path()) <= static_cast<std::uintmax_t>(most));
    auto const left = patches(database.read({}).value());
    CHECK(left.size() > 50);
    CHECK(left.size() < 130);
    CHECK(left.front() == "lp_399");
    CHECK(left.back() == "lp_" + std::to_string(400 - left.size()));
}

TEST_CASE("a smaller size takes effect with the next event") {
    Disk const disk;
    Database database(disk.path());
    auto event = an_event("lp_a", noon);
    event.message = std::string(2000, 'm');
    REQUIRE(database.append(std::vector(200, event), noon));
    database.retain({.max_size = 1}); // no smaller than it makes sense
    append(database, an_event("lp_b", noon));
    database.close();
    CHECK(
        std::filesystem::file_size(disk.path()) <=
        static_cast<std::uintmax_t>(history::Retention::least_size)
    );
    CHECK(database.read({}).value().front().patch == "lp_b");
    CHECK(database.read({}).value().size() > 5);
}

TEST_CASE("a damaged database is moved aside, and nothing new is lost") {
    Disk const disk;
    auto const* const form = GENERATE(
        "no database at all, but long enough to be one", "beginning", "table", "other", "no table"
    );
    {
        Database database(disk.path());
        append(database, an_event("lp_a", noon));
    }
    CHECK_FALSE(Database(disk.path()).damage());
    if (form == std::string("beginning")) {
        std::fstream file(disk.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.write("SQLite format 4", 15);
    } else if (form == std::string("table")) {
        std::fstream file(disk.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);
        for (int i = 0; i < 3000; ++i)
            file << "rot!";
    } else if (form == std::string("other")) {
        std::filesystem::remove(disk.path());
        CHECK(OtherProgram(disk.path()).run("CREATE TABLE event (x)"));
    } else if (form == std::string("no table")) {
        CHECK(OtherProgram(disk.path()).run("DROP TABLE event"));
    } else {
        write(disk.path(), std::string(form) + std::string(8192, 'x'));
    }
    INFO(form);
    Database database(disk.path());
    append(database, an_event("lp_b", noon));
    CHECK(patches(database.read({}).value()) == Strings{"lp_b"});
    CHECK(std::filesystem::exists(disk.beside(".damaged")));
    REQUIRE(database.damage());
    CHECK(database.damage()->find(disk.beside(".damaged").string()) != std::string::npos);
    std::filesystem::remove(disk.beside(".damaged"));
    CHECK_FALSE(database.damage());
}

TEST_CASE("a damaged database is found by reading it too") {
    Disk const disk;
    write(disk.path(), std::string(8192, 'x'));
    CHECK_FALSE(history::read_database(disk.path(), {}));
    CHECK(std::filesystem::exists(disk.path())); // whoever only reads moves nothing
    Database database(disk.path());
    CHECK(database.read({}).value().empty());
    CHECK(database.damage());
}

TEST_CASE("a database of a newer version is left alone") {
    Disk const disk;
    Database database(disk.path());
    append(database, an_event("lp_a", noon));
    database.close();
    CHECK(OtherProgram(disk.path()).run("PRAGMA user_version = 2"));
    auto const appended = database.append(std::vector{an_event("lp_b", noon)}, noon);
    REQUIRE_FALSE(appended);
    CHECK(describe(appended.error()).find("newer version") != std::string::npos);
    CHECK_FALSE(database.damage());
    CHECK(OtherProgram(disk.path()).run("PRAGMA user_version = 1"));
    CHECK(patches(database.read({}).value()) == Strings{"lp_a"});
}

TEST_CASE("an event of a kind that nobody knows is passed over") {
    Disk const disk;
    Database database(disk.path());
    append(database, an_event("lp_a", noon));
    append(database, an_event("lp_b", noon));
    CHECK(OtherProgram(disk.path()).run("UPDATE event SET event = 'flew' WHERE patch = 'lp_a'"));
    CHECK(patches(database.read({}).value()) == Strings{"lp_b"});
}

TEST_CASE("locked by another program it is waited for, and not for long") {
    Disk const disk;
    Database database(disk.path());
    append(database, an_event("lp_a", noon));
    OtherProgram other(disk.path());
    REQUIRE(other.run("BEGIN IMMEDIATE"));
    auto const before = std::chrono::steady_clock::now();
    auto const failed = database.append(std::vector{an_event("lp_b", noon)}, noon);
    auto const took = std::chrono::steady_clock::now() - before;
    REQUIRE_FALSE(failed);
    CHECK(describe(failed.error()).find("locked") != std::string::npos);
    CHECK(took >= Database::patience);
    CHECK(took < Database::patience + 5s);
    CHECK(patches(database.read({}).value()) == Strings{"lp_a"}); // reading waits for nobody
    REQUIRE(other.run("COMMIT"));
    append(database, an_event("lp_b", noon));
    CHECK(patches(database.read({}).value()) == Strings{"lp_b", "lp_a"});
}

TEST_CASE("all events of a call are written, or none") {
    Disk const disk;
    Database database(disk.path());
    append(database, an_event("lp_a", noon));
    ::signal(SIGXFSZ, SIG_IGN); // NOLINT(cert-err33-c)
    struct ::rlimit limit = {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
    auto const unlimited = limit.rlim_cur;
    limit.rlim_cur =
        64UL * 1024; // files become no larger: a full disk, as far as a test can have one
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    auto event = an_event("lp_b", noon);
    event.message = std::string(2000, 'm');
    auto const failed = database.append(std::vector(200, event), noon);
    limit.rlim_cur = unlimited;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().subject == disk.path());
    CHECK(patches(database.read({}).value()) == Strings{"lp_a"});
    append(database, an_event("lp_b", noon));
    CHECK(patches(database.read({}).value()) == Strings{"lp_b", "lp_a"});
    CHECK_FALSE(database.damage());
}

TEST_CASE("where there is no directory it says so, and begins when there is one") {
    support::TemporaryDirectory const directory;
    auto const path = directory.path() / "var/history.db";
    Database database(path);
    auto const failed = database.append(std::vector{an_event("lp_a", noon)}, noon);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().subject == path);
    CHECK(history::read_database(path, {}).error().os_error == ENOENT);
    std::filesystem::create_directory(directory.path() / "var");
    append(database, an_event("lp_a", noon));
    CHECK(patches(database.read({}).value()) == Strings{"lp_a"});
}

TEST_CASE("it follows no link") {
    Disk const disk;
    auto const target = disk.directory.path() / "target";
    write(target, "");
    std::filesystem::create_symlink(target, disk.path());
    Database database(disk.path());
    CHECK_FALSE(database.append(std::vector{an_event("lp_a", noon)}, noon));
    CHECK(std::filesystem::file_size(target) == 0);
}

TEST_CASE("its directory may be somewhere else") {
    support::TemporaryDirectory const directory;
    std::filesystem::create_directory(directory.path() / "large-disk");
    std::filesystem::create_directory_symlink(
        directory.path() / "large-disk", directory.path() / "var"
    );
    Database database(directory.path() / "var/history.db");
    append(database, an_event("lp_a", noon));
    CHECK(std::filesystem::exists(directory.path() / "large-disk/history.db"));
}

TEST_CASE("it is read where nothing can be written, whatever the directory is called") {
    support::TemporaryDirectory const directory;
    auto const odd = directory.path() / "a%20b?c#d";
    std::filesystem::create_directory(odd);
    Database database(odd / "history.db");
    append(database, an_event("lp_a", noon));
    database.close();
    CHECK(patches(history::read_database(odd / "history.db", {}).value()) == Strings{"lp_a"});
}
