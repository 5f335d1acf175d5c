// The way into the history: off the loop, nothing lost while there is room, and said when there is
// not.
#include "history_bench.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace livepatch;
using support::HistoryBench;
using support::OtherProgram;

namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("what is recorded is there at once, written or not") {
    HistoryBench bench;
    bench.recorder.start();
    bench.record("lp_a");
    bench.recorder.record(support::an_event("lp_b", bench.clock.wall()));
    bench.recorder.record(support::an_event("lp_c", bench.clock.wall()));
    CHECK(bench.recorded() == Strings{"lp_c", "lp_b", "lp_a"});
    CHECK(bench.complaints.empty());
    CHECK(
        support::patches(history::read_database(bench.path(), {}).value()) ==
        Strings{"lp_c", "lp_b", "lp_a"}
    );
}

TEST_CASE("the loop waits for no disk") {
    HistoryBench bench;
    bench.recorder.record(support::an_event("lp_a", bench.clock.wall()));
    bench.loop.poll();
    CHECK_FALSE(std::filesystem::exists(bench.path())); // the worker has not had its turn
    bench.run();
    CHECK(std::filesystem::exists(bench.path()));
}

TEST_CASE("at rest the database is closed, and nobody is woken") {
    HistoryBench bench;
    bench.record("lp_a");
    CHECK(std::filesystem::exists(bench.path().string() + "-wal"));
    bench.advance(history::Recorder::close_after);
    CHECK_FALSE(std::filesystem::exists(bench.path().string() + "-wal"));
    CHECK(bench.clock.armed() == 0);
    CHECK(bench.recorded() == Strings{"lp_a"});
    bench.advance(1h);
    CHECK(bench.clock.armed() == 0);
    bench.record("lp_b");
    CHECK(bench.recorded() == Strings{"lp_b", "lp_a"});
}

TEST_CASE("locked by another program, events wait and are in the answer") {
    HistoryBench bench;
    bench.record("lp_a");
    OtherProgram other(bench.path());
    REQUIRE(other.run("BEGIN IMMEDIATE"));
    bench.record("lp_b");
    bench.record("lp_c");
    CHECK(bench.recorded() == Strings{"lp_c", "lp_b", "lp_a"});
    CHECK(bench.recorded({.limit = 1}) == Strings{"lp_c"});
    CHECK(bench.recorded({.limit = 2}) == Strings{"lp_c", "lp_b"});
    CHECK(bench.recorded({.patch = "lp_b"}) == Strings{"lp_b"});
    CHECK(bench.recorded({.patch = "id-lp_b"}) == Strings{"lp_b"});
    CHECK(bench.recorded({.since = bench.clock.wall() + 1s}).empty());
    CHECK(contains(bench.complaints.at("history-not-written"), "locked"));
    bench.advance(history::Recorder::retry_after);
    CHECK(contains(bench.complaints.at("history-not-written"), "2 events wait"));
    REQUIRE(other.run("COMMIT"));
    bench.advance(history::Recorder::retry_after);
    CHECK(bench.complaints.empty());
    CHECK(other.ask("SELECT group_concat(patch) FROM event") == "lp_a,lp_b,lp_c");
}

TEST_CASE("memory is bounded: what finds no room is counted and said") {
    HistoryBench bench;
    bench.record("lp_a");
    OtherProgram other(bench.path());
    REQUIRE(other.run("BEGIN IMMEDIATE"));
    auto event = support::an_event("lp_x", bench.clock.wall());
    event.message = std::string(2000, 'm');
    for (int i = 0; i < 5000; ++i)
        bench.recorder.record(event);
    auto const waiting = bench.ask().value().value();
    CHECK(waiting.size() < 500); // 1 MiB
    bench.run();
    bench.advance(history::Recorder::retry_after);
    CHECK(contains(bench.complaints.at("history-not-written"), "are lost"));
    REQUIRE(other.run("COMMIT"));
    bench.advance(history::Recorder::retry_after);
    CHECK(bench.complaints.empty());
    auto const written = std::stoi(other.ask("SELECT count(*) FROM event WHERE patch = 'lp_x'"));
    CHECK(written > 300);
    auto const newest = bench.ask().value().value().front();
    CHECK(newest.kind == report::EventKind::operation_failed);
    CHECK(contains(newest.message, std::to_string(5000 - written) + " events"));
    CHECK(contains(newest.message, "missing"));
    bench.record("lp_b");
    CHECK(bench.recorded({.limit = 1}) == Strings{"lp_b"});
    CHECK(other.ask("SELECT count(*) FROM event WHERE event = 'operation-failed'") == "1");
}

TEST_CASE("an event takes no more room than it is worth") {
    HistoryBench bench;
    auto event = support::an_event("lp_a\x1b[31m", bench.clock.wall());
    event.message = std::string(1'000'000, 'm');
    event.version = "\xff\xfe";
    event.kernel_log = Strings(10'000, std::string(10'000, 'k'));
    bench.recorder.record(event);
    bench.run();
    auto const kept = bench.ask().value().value().front();
    CHECK(kept.patch == "lp_a\\x1b[31m");
    CHECK(kept.version == "\\xff\\xfe");
    CHECK(kept.message.size() == 2048);
    CHECK(kept.message.ends_with("..."));
    CHECK(kept.kernel_log.size() == 64);
    CHECK(kept.kernel_log.front().size() == 512);
}

TEST_CASE("a directory that is not there is said, and mended without a restart") {
    HistoryBench bench;
    std::filesystem::remove_all(bench.directory.path());
    bench.recorder.start();
    bench.run();
    CHECK(contains(bench.complaints.at("history-not-written"), bench.path().string()));
    bench.record("lp_a");
    std::filesystem::create_directory(bench.directory.path());
    bench.advance(history::Recorder::retry_after);
    CHECK(bench.complaints.empty());
    CHECK(support::patches(history::read_database(bench.path(), {}).value()) == Strings{"lp_a"});
}

TEST_CASE("damage is said as long as what is left of it lies there") {
    HistoryBench bench;
    bench.directory.write("history.db", std::string(8192, 'x'));
    bench.recorder.start();
    bench.run();
    CHECK(contains(bench.complaints.at("history-damaged"), "history.db.damaged"));
    bench.record("lp_a");
    CHECK(bench.complaints.contains("history-damaged"));
    CHECK(bench.recorded() == Strings{"lp_a"});
    std::filesystem::remove(bench.path().string() + ".damaged");
    bench.recorder.retain({}); // as by a reload
    bench.run();
    CHECK(bench.complaints.empty());
}

TEST_CASE("what is not written yet when the daemon ends is written then, once") {
    HistoryBench bench;
    bench.record("lp_a");
    bench.recorder.record(support::an_event("lp_b", bench.clock.wall()));
    SECTION("the worker had begun") {
        bench.disk.restart();
        bench.disk.poll();
    }
    SECTION("it had not") {}
    bench.recorder.record(support::an_event("lp_c", bench.clock.wall()));
    CHECK(bench.recorder.finish());
    CHECK(
        support::patches(history::read_database(bench.path(), {}).value()) ==
        Strings{"lp_c", "lp_b", "lp_a"}
    );
}

TEST_CASE("an end that cannot write is an error") {
    HistoryBench bench;
    std::filesystem::remove_all(bench.directory.path());
    bench.record("lp_a");
    CHECK_FALSE(bench.recorder.finish());
    std::filesystem::create_directory(bench.directory.path());
}
