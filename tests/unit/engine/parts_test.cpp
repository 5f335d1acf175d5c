// The small parts of the engine, each by itself.
#include "engine/backoff.hpp"
#include "engine/blocker_watch.hpp"
#include "engine/catalogue_reader.hpp"
#include "engine/request_queue.hpp"
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

#include <cerrno>

using namespace livepatch;
using namespace livepatch::engine;
using base::Errc;
using Kind = Request::Kind;
using namespace std::chrono_literals;

namespace {

Request request(Kind kind, std::string name) {
    return {.kind = kind, .name = std::move(name), .sha256 = {}};
}

struct WatchBench {
    boost::asio::io_context loop{1};
    support::SimulatedClock clock;
    support::ScriptedScanner scanner;
    BlockerWatch watch{clock, base::Worker{loop.get_executor(), loop.get_executor()}, scanner};
    std::vector<std::size_t> answers = {}; // tasks in each, 99 for an error

    void run() {
        loop.restart();
        loop.poll();
    }

    void ask() {
        watch.request([this](base::Result<BlockerWatch::Scan> const& scan) {
            answers.push_back(scan ? (*scan)->tasks.size() : 99);
        });
    }
};

kernel::TaskScan tasks(std::size_t count) {
    return {.tasks = std::vector<kernel::BlockingTask>(count), .unreadable = 0};
}

} // namespace

TEST_CASE("requests are kept in order and answered once") {
    RequestQueue queue;
    std::vector<std::string> answers;
    auto const answer = [&](std::string const& name) {
        return [&answers, name](base::Result<void> const& result) {
            answers.push_back(name + (result ? " done" : " " + result.error().cause));
        };
    };
    REQUIRE(queue.add(request(Kind::apply, "a"), answer("a")));
    REQUIRE(queue.add(request(Kind::revert, "b"), answer("b")));
    REQUIRE(queue.add(request(Kind::apply, "b"), answer("b2")));
    REQUIRE(queue.add(request(Kind::apply, "b"), answer("b3")));
    CHECK(queue.pending()[0].name == "a");
    CHECK(queue.pending()[0].id != queue.pending()[1].id);
    queue.cancel(Kind::apply, "b", "changed my mind");
    queue.answer();
    CHECK(answers == std::vector<std::string>{"b2 changed my mind", "b3 changed my mind"});
    auto const id = queue.pending()[0].id;
    queue.finish(id, std::nullopt);
    queue.finish(id, std::nullopt);
    queue.finish(0, std::nullopt);
    CHECK(answers.size() == 2);
    queue.answer();
    queue.answer();
    CHECK(answers.back() == "a done");
    CHECK(answers.size() == 3);
    CHECK(queue.pending().size() == 1);
}

TEST_CASE("the queue holds thirty-two, and those that need not wait") {
    RequestQueue queue;
    int called = 0;
    auto const count = [&](auto const&) { ++called; };
    for (std::size_t i = 0; i < RequestQueue::capacity; ++i)
        REQUIRE(queue.add(request(Kind::apply, "a"), count));
    CHECK(queue.add(request(Kind::apply, "a"), count).error().code == Errc::busy);
    REQUIRE(queue.add(request(Kind::revert, "a"), count, true));
    CHECK(called == 0);
    queue.cancel(Kind::apply, "a", "no");
    queue.answer();
    CHECK(called == 32);
    CHECK(queue.pending().size() == 1);
}

TEST_CASE("an answer may put the next request in") {
    RequestQueue queue;
    REQUIRE(queue.add(request(Kind::apply, "a"), [&](auto const&) {
        (void)queue.add(request(Kind::revert, "a"), [](auto const&) {});
    }));
    queue.finish(queue.pending()[0].id, std::nullopt);
    queue.answer();
    REQUIRE(queue.pending().size() == 1);
    CHECK(queue.pending()[0].kind == Kind::revert);
}

TEST_CASE("what is put off waits longer each time, and not for ever") {
    Backoff backoff;
    Backoff::Monotonic now{1h};
    std::vector<std::chrono::milliseconds> waits;
    while (backoff.put_off("a", now, 8)) {
        CHECK(backoff.waits("a", now));
        auto const next = *backoff.next(now);
        waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(next - now));
        now = next;
        CHECK_FALSE(backoff.waits("a", now));
        CHECK_FALSE(backoff.next(now));
    }
    CHECK(
        waits ==
        std::vector<std::chrono::milliseconds>{200ms, 400ms, 800ms, 1600ms, 3200ms, 5s, 5s, 5s}
    );
    CHECK(backoff.put_off("a", now, 1)); // anew
    CHECK(backoff.put_off("b", now + 1s, 1));
    CHECK(*backoff.next(now) == now + 200ms);
    backoff.forget("a");
    CHECK_FALSE(backoff.waits("a", now));
    CHECK(*backoff.next(now) == now + 1200ms);
    backoff.clear();
    CHECK_FALSE(backoff.next(now));
}

TEST_CASE("one scan a second is shared by all who ask") {
    WatchBench bench;
    bench.scanner.answer = tasks(3);
    bench.ask();
    CHECK(bench.answers == std::vector<std::size_t>{0}); // nothing moves, nothing is scanned
    bench.watch.follow("lp", 1);
    bench.clock.advance_to(bench.clock.now() + BlockerWatch::patience);
    for (int i = 0; i < 100; ++i)
        bench.ask();
    int news = 0;
    bench.watch.refresh([&] { ++news; });
    bench.run();
    CHECK(bench.scanner.targets == std::vector<int>{1});
    CHECK(bench.answers.size() == 101);
    CHECK(bench.watch.tasks_remaining() == 3);
    bench.clock.advance_to(bench.clock.now() + 999ms);
    bench.ask();
    bench.watch.refresh([&] { ++news; });
    bench.run();
    CHECK(bench.scanner.targets.size() == 1);
    CHECK(bench.answers.size() == 102);
    CHECK(news == 0); // it did not ask for that scan
    bench.clock.advance_to(bench.clock.now() + 1ms);
    bench.watch.refresh([&] { ++news; });
    bench.run();
    CHECK(bench.scanner.targets.size() == 2);
    CHECK(news == 1);
    bench.watch.rest();
    CHECK(bench.watch.tasks_remaining() == 0);
}

TEST_CASE("short transitions are not looked into, unless somebody asks") {
    WatchBench bench;
    int news = 0;
    auto const begin = bench.clock.now();
    auto const refresh_at = [&](std::chrono::milliseconds since_begin) {
        bench.clock.advance_to(begin + since_begin);
        bench.watch.refresh([&] { ++news; });
        bench.run();
        return bench.scanner.targets.size();
    };
    bench.watch.follow("lp", 1);
    CHECK(refresh_at(0ms) == 0);
    CHECK(refresh_at(1900ms) == 0);
    bench.watch.follow("lp", 0); // turned round: it has been moving for as long
    CHECK(refresh_at(2s) == 1);
    CHECK(news == 1);
    bench.watch.follow("other", 1);
    CHECK(refresh_at(3900ms) == 1);
    bench.ask();
    bench.run();
    CHECK(bench.scanner.targets.size() == 2);
}

TEST_CASE("tasks that are not in the list are told all the same") {
    WatchBench bench;
    bench.watch.follow("lp", 1);
    auto scan = tasks(2);
    scan.omitted = 5;
    bench.scanner.answer = scan;
    bench.ask();
    bench.run();
    CHECK(bench.watch.tasks_remaining() == 7);
    CHECK(bench.watch.unseen().empty());

    scan.unreadable = 3;
    scan.unhelped = base::system_error("livepatch-tasks", "cannot connect", ENOENT);
    bench.scanner.answer = scan;
    bench.clock.advance_to(bench.clock.now() + 1s);
    bench.ask();
    bench.run();
    CHECK(bench.watch.tasks_remaining() == 7);
    CHECK(
        bench.watch.unseen() ==
        "tasks-unseen: 3 tasks cannot be looked at and may block the transition too: "
        "livepatch-tasks: cannot connect: No such file or directory"
    );
    bench.watch.rest();
    CHECK(bench.watch.unseen().empty());
}

TEST_CASE("a scan that was begun for another transition is not taken for this one") {
    WatchBench bench;
    bench.scanner.answer = tasks(3);
    bench.watch.follow("lp", 1);
    bench.ask();
    bench.watch.follow("lp", 0); // turned round before the scan ran
    bench.ask();
    bench.run();
    CHECK(bench.scanner.targets == std::vector<int>{1, 0});
    CHECK(bench.answers == std::vector<std::size_t>{3, 3});
    CHECK(bench.watch.tasks_remaining() == 3);

    bench.clock.advance_to(bench.clock.now() + 1s);
    bench.ask();
    bench.watch.rest(); // over: nothing blocks any more
    bench.run();
    CHECK(bench.answers.back() == 0);
    CHECK(bench.watch.tasks_remaining() == 0);
}

TEST_CASE("a scan that fails is told, and not repeated before its time") {
    WatchBench bench;
    bench.scanner.answer =
        base::Error{.code = Errc::failed, .subject = "/proc", .cause = "no", .remedy = {}};
    bench.watch.follow("lp", 1);
    bench.ask();
    bench.run();
    bench.ask();
    bench.run();
    CHECK(bench.answers == std::vector<std::size_t>{99, 99});
    CHECK(bench.scanner.targets.size() == 1);
    CHECK(bench.watch.tasks_remaining() == 0);
}

TEST_CASE("whoever asks while the sources are being read gets a reading that began afterwards") {
    support::TemporaryDirectory const directory;
    boost::asio::io_context loop{1};
    repository::Sources sources({}, directory.path(), repository::RunningKernel("6.1"));
    base::SystemClock clock(loop.get_executor());
    int readings = 0;
    std::vector<int> seen;
    CatalogueReader reader(
        sources,
        base::Worker{loop.get_executor(), loop.get_executor()},
        clock,
        {.take = [&](repository::Catalogue const&) { ++readings; },
         .late = [](std::string const&) { FAIL("it took no time"); }}
    );
    auto const note = [&] { seen.push_back(readings); };
    reader.read(note);
    for (int i = 0; i < 5; ++i)
        reader.read(note); // all of them share the second one
    reader.read();
    CHECK(reader.is_reading());
    loop.run();
    CHECK_FALSE(reader.is_reading());
    CHECK(readings == 2);
    CHECK(seen == std::vector<int>{1, 2, 2, 2, 2, 2});
}
