// Time and alarms, so that tests can let an hour pass in a microsecond.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace livepatch::base {

// An alarm that is destroyed does not go off any more.
class Alarm {
public:
    virtual ~Alarm() = default;
};

// All of it belongs to the thread of the event loop.
class Clock {
public:
    // CLOCK_MONOTONIC: stands still during suspend, which is what waiting for a transition needs.
    using Monotonic = std::chrono::steady_clock::time_point;
    using Wall = std::chrono::system_clock::time_point;

    virtual ~Clock() = default;
    virtual Monotonic now() const = 0;
    virtual Wall wall() const = 0;

    // Calls `ring` once, from the loop, not before `when`.
    virtual std::unique_ptr<Alarm> alarm(Monotonic when, std::function<void()> ring) = 0;
};

class SystemClock : public Clock {
public:
    explicit SystemClock(boost::asio::any_io_executor loop);
    Monotonic now() const override;
    Wall wall() const override;
    std::unique_ptr<Alarm> alarm(Monotonic when, std::function<void()> ring) override;

private:
    boost::asio::any_io_executor loop_;
};

} // namespace livepatch::base
