#include "base/clock.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

using namespace livepatch::base;
using namespace std::chrono_literals;

TEST_CASE("an alarm rings once") {
    boost::asio::io_context io;
    SystemClock clock(io.get_executor());
    int rings = 0;
    auto const alarm = clock.alarm(clock.now(), [&] { ++rings; });
    io.run();
    CHECK(rings == 1);
}

TEST_CASE("a destroyed alarm is silent, even when its time has come") {
    boost::asio::io_context io;
    SystemClock clock(io.get_executor());
    bool rang = false;
    auto second = clock.alarm(clock.now() + 1ms, [&] { rang = true; });
    auto const first = clock.alarm(clock.now() + 1ms, [&] { second.reset(); });
    auto const keep = clock.alarm(clock.now() + 20ms, [] {});
    second.reset();
    io.run();
    CHECK_FALSE(rang);
}
