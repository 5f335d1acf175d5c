#include "mount_table.hpp"

#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace livepatch::daemon {

base::Result<std::unique_ptr<MountTable>>
MountTable::watch(boost::asio::io_context& io, std::function<void()> on_change) {
    constexpr auto path = "/proc/self/mountinfo";
    base::UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd)
        return base::system_error(path, "cannot open", errno);
    return std::unique_ptr<MountTable>(new MountTable(io, std::move(fd), std::move(on_change)));
}

MountTable::MountTable(
    boost::asio::io_context& io, base::UniqueFd fd, std::function<void()> on_change
)
    : table_(io, fd.release()),
      on_change_(std::move(on_change)) {
    wait();
}

// Whoever polls takes the condition away. So first wait anew, which polls, then tell: what comes
// before is seen by who is told, what comes later ends the new wait.
void MountTable::wait() {
    table_.async_wait(
        boost::asio::posix::stream_descriptor::wait_error,
        [this](auto const& failed) {
            if (failed)
                return;
            wait();
            on_change_();
        }
    );
}

} // namespace livepatch::daemon
