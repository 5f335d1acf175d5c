// Calls back whenever a descriptor of somebody else becomes readable.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <utility>

namespace livepatch::daemon {

// `on_readable` says whether to go on waiting; once it does not, nothing happens any more.
class Readable {
public:
    Readable(boost::asio::io_context& io, int fd, std::function<bool()> on_readable)
        : descriptor_(io, fd),
          on_readable_(std::move(on_readable)) {
        wait();
    }

    Readable(Readable const&) = delete;
    Readable& operator=(Readable const&) = delete;

    ~Readable() { descriptor_.release(); } // its owner closes it

private:
    void wait() {
        descriptor_.async_wait(
            boost::asio::posix::stream_descriptor::wait_read,
            [this](auto const& failed) {
                if (!failed && on_readable_())
                    wait();
            }
        );
    }

    boost::asio::posix::stream_descriptor descriptor_;
    std::function<bool()> on_readable_;
};

} // namespace livepatch::daemon
