#include "timed_kernel.hpp"

#include <boost/asio/post.hpp>

namespace livepatch::bus_test {

TimedKernel::TimedKernel(
    support::EmulatedKernel& kernel,
    boost::asio::io_context& io,
    std::chrono::milliseconds transition
)
    : kernel_(kernel),
      transition_(transition),
      io_(io),
      end_(io) {}

base::Result<loader::LoadedPatch> TimedKernel::load(trust::VerifiedPatch const& patch) {
    wait_while_blocked();
    return followed(kernel_.load(patch));
}

base::Result<void> TimedKernel::disable(std::string const& name) {
    return followed(kernel_.disable(name));
}

base::Result<void> TimedKernel::enable(std::string const& name) {
    return followed(kernel_.enable(name));
}

base::Result<void> TimedKernel::remove(std::string const& name) {
    return kernel_.remove(name);
}

void TimedKernel::begun() {
    boost::asio::post(io_, [this] {
        end_.expires_after(transition_);
        end_.async_wait([this](auto const& failed) {
            if (!failed)
                kernel_.finish_transition();
        });
    });
}

void TimedKernel::block(bool blocked) {
    std::lock_guard const lock(mutex_);
    blocked_ = blocked;
    unblocked_.notify_all();
}

bool TimedKernel::is_blocking() {
    std::lock_guard const lock(mutex_);
    return blocked_ && waiting_ != 0;
}

void TimedKernel::wait_while_blocked() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    unblocked_.wait(lock, [this] { return !blocked_; });
    --waiting_;
}

template <class Result>
Result TimedKernel::followed(Result result) {
    if (result)
        begun();
    return result;
}

} // namespace livepatch::bus_test
