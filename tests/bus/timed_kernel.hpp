// The emulated kernel as time goes by: transitions end by themselves, and a load may take long.
#pragma once

#include "loader/loader.hpp"
#include "support/emulated_kernel.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace livepatch::bus_test {

// The loader's calls come from the daemon's worker, the others from the loop that is given.
class TimedKernel : public loader::Loader {
public:
    TimedKernel(
        support::EmulatedKernel& kernel,
        boost::asio::io_context& io,
        std::chrono::milliseconds transition
    );

    base::Result<loader::LoadedPatch> load(trust::VerifiedPatch const& patch) override;
    base::Result<void> disable(std::string const& name) override;
    base::Result<void> enable(std::string const& name) override;
    base::Result<void> remove(std::string const& name) override;

    // A transition runs, whoever began it: it ends when its time is over, unless it stalls.
    void begun();

    // The kernel does not come back from loads while it is blocked.
    void block(bool blocked);

    // Whether somebody waits for that.
    bool is_blocking();

private:
    template <class Result>
    Result followed(Result result);
    void wait_while_blocked();

    support::EmulatedKernel& kernel_;
    std::chrono::milliseconds transition_;
    boost::asio::io_context& io_;
    boost::asio::steady_timer end_;

    std::mutex mutex_;
    std::condition_variable unblocked_;
    bool blocked_ = false;
    int waiting_ = 0;
};

} // namespace livepatch::bus_test
