// What tells that sources have changed, on real directories; the worker's thread is the test.
#include "source_watch.hpp"
#include "support/catch.hpp"
#include "support/simulated_clock.hpp"
#include "support/temporary_directory.hpp"

#include <filesystem>
#include <string>
#include <vector>

using namespace livepatch;
using daemon::SourceWatch;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

struct Bench {
    support::TemporaryDirectory directory;
    fs::path source = directory.path() / "source";
    boost::asio::io_context io{1};
    boost::asio::io_context worker{1};
    support::SimulatedClock clock;
    int changes = 0;
    Strings problems; // as told last
    SourceWatch watch{
        io,
        clock,
        {worker.get_executor(), io.get_executor()},
        {make(source)},
        {.changed = [this] { ++changes; },
         .complain = [this](Strings words) { problems = std::move(words); }}};

    static fs::path const& make(fs::path const& path) {
        fs::create_directories(path);
        return path;
    }

    // Until there is nothing left to do.
    void run() {
        std::size_t done = 0;
        do {
            run_loop();
            worker.restart();
            done = worker.poll();
        } while (done != 0);
    }

    // The worker hangs.
    void run_loop() {
        io.restart();
        io.run_for(5ms); // what becomes readable is seen by then
    }

    void advance(std::chrono::seconds time) {
        clock.advance_to(clock.now() + time);
        run_loop();
    }

    void add(std::string const& file) { directory.write(file, "x"); }
};

} // namespace

TEST_CASE("a file that comes into a source is told of, once") {
    Bench bench;
    bench.run();
    CHECK(bench.changes == 0);
    bench.add("source/x.ko");
    bench.run();
    CHECK(bench.changes == 1);
    bench.add("beside");
    bench.run();
    CHECK(bench.changes == 1);
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("what comes while nobody can look is told of afterwards") {
    Bench bench;
    bench.run();
    SECTION("once more in the same source") {
        bench.add("source/x.ko");
        bench.run_loop(); // it is about to be looked at
        bench.add("source/y.ko");
    }
    SECTION("before other directories are watched in its place") {
        bench.add("source/x.ko");
        bench.watch.watch({Bench::make(bench.directory.path() / "other")});
    }
    SECTION("while these are") {
        bench.watch.watch({bench.source});
        bench.run_loop();
        bench.watch.watch({Bench::make(bench.directory.path() / "other")}); // overtaken
    }
    bench.run();
    CHECK(bench.changes >= 1);
}

TEST_CASE("a look that does not end is told of until it does") {
    Bench bench;
    bench.advance(SourceWatch::patience - 1s);
    CHECK(bench.problems.empty());
    bench.advance(1s);
    REQUIRE(bench.problems.size() == 1);
    CHECK(bench.problems[0].find("has not answered for 10 s") != std::string::npos);
    bench.run();
    CHECK(bench.problems.empty());
    CHECK(bench.clock.armed() == 0);
    bench.add("source/x.ko");
    bench.run();
    CHECK(bench.changes == 1);
}
