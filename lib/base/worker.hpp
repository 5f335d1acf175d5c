// Where blocking work is done, so that the event loop never waits.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace livepatch::base {

// Runs jobs on one executor (a thread) and hands their results to another (the loop). In tests both
// are the loop, and everything happens in one order.
class Worker {
public:
    Worker(boost::asio::any_io_executor jobs, boost::asio::any_io_executor loop)
        : jobs_(std::move(jobs)),
          loop_(std::move(loop)) {}

    // `job()` runs on the worker's thread and must not throw; `done(result)` then on the loop.
    // Whoever may die before `done` is called gives a `done` that knows it.
    template <class Job, class Done>
    void run(Job job, Done done) {
        boost::asio::post(
            jobs_,
            [job = std::move(job), done = std::move(done), loop = loop_]() mutable {
                auto result = job();
                boost::asio::post(
                    loop,
                    [result = std::move(result), done = std::move(done)]() mutable {
                        done(std::move(result));
                    }
                );
            }
        );
    }

private:
    boost::asio::any_io_executor jobs_;
    boost::asio::any_io_executor loop_;
};

} // namespace livepatch::base
