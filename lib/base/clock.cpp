#include "base/clock.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace livepatch::base {

namespace {

class TimerAlarm : public Alarm {
public:
    TimerAlarm(
        boost::asio::any_io_executor const& loop, Clock::Monotonic when, std::function<void()> ring
    )
        : timer_(loop, when),
          ring_(std::make_shared<std::function<void()>>(std::move(ring))) {
        // The handler holds no share: one that is already queued when we are destroyed finds
        // nothing to call.
        timer_.async_wait([weak = std::weak_ptr(ring_)](auto const& failed) {
            auto const alive = weak.lock();
            if (!failed && alive)
                (*alive)();
        });
    }

private:
    boost::asio::steady_timer timer_;
    std::shared_ptr<std::function<void()>> ring_;
};

} // namespace

SystemClock::SystemClock(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}

Clock::Monotonic SystemClock::now() const {
    return std::chrono::steady_clock::now();
}

Clock::Wall SystemClock::wall() const {
    return std::chrono::system_clock::now();
}

std::unique_ptr<Alarm> SystemClock::alarm(Monotonic when, std::function<void()> ring) {
    return std::make_unique<TimerAlarm>(loop_, when, std::move(ring));
}

} // namespace livepatch::base
