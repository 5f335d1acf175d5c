// Calls back whenever something was mounted or unmounted in our mount namespace.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>

namespace livepatch::daemon {

// /proc/self/mountinfo has an exceptional condition then (fs/proc_namespace.c: mounts_poll).
class MountTable {
public:
    static base::Result<std::unique_ptr<MountTable>>
    watch(boost::asio::io_context& io, std::function<void()> on_change);

private:
    MountTable(boost::asio::io_context& io, base::UniqueFd fd, std::function<void()> on_change);
    void wait();

    boost::asio::posix::stream_descriptor table_;
    std::function<void()> on_change_;
};

} // namespace livepatch::daemon
