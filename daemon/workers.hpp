// The threads on which the daemon does what may block.
#pragma once

#include "base/worker.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <utility>

namespace livepatch::daemon {

class Workers {
public:
    explicit Workers(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}

    base::Worker kernel() { return of(kernel_); }

    base::Worker disk() { return of(disk_); }

    base::Worker tasks() { return of(tasks_); }

    base::Worker checks() { return of(checks_); }

    base::Worker sources() { return of(sources_); }

    // All but those of the sources. What is under way in the kernel cannot be cut short and is
    // waited for; what is queued behind it is not done. To be called before anything is destroyed
    // that the jobs use.
    void join();

    // The rest, when all that had to be written is. What waits for a file system that does not
    // answer would keep the next daemon from starting: then the process ends here, and has failed
    // if it is an exception that ends it.
    void join_sources();

private:
    static constexpr std::chrono::seconds patience_with_sources{3};

    base::Worker of(boost::asio::thread_pool& thread) { return {thread.get_executor(), loop_}; }

    boost::asio::any_io_executor loop_;
    boost::asio::thread_pool kernel_{1};
    boost::asio::thread_pool disk_{1};
    boost::asio::thread_pool tasks_{1};
    boost::asio::thread_pool sources_{1};
    boost::asio::thread_pool checks_{1};
};

} // namespace livepatch::daemon
