#include "tasks/channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <poll.h>

namespace livepatch::tasks {

namespace {

base::Error failed(std::string_view what, int os_error) {
    return base::system_error("livepatch-tasks", what, os_error);
}

bool is_transient(int os_error) {
    return os_error == EINTR || os_error == EAGAIN || os_error == EWOULDBLOCK;
}

} // namespace

base::Result<void> Channel::wait(short events, Deadline deadline) const {
    using std::chrono::milliseconds;
    for (;;) {
        auto const left = std::chrono::ceil<milliseconds>(deadline - Deadline::clock::now());
        if (left <= milliseconds::zero())
            return failed("the other side keeps us waiting", ETIMEDOUT);
        pollfd waiting{.fd = fd_.get(), .events = events, .revents = 0};
        int const ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready > 0)
            return {};
        if (ready < 0 && errno != EINTR)
            return failed("cannot wait", errno);
    }
}

base::Result<void> Channel::send(std::string_view bytes, Deadline deadline) const {
    while (!bytes.empty()) {
        if (auto const ready = wait(POLLOUT, deadline); !ready)
            return ready.error();
        auto const sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && !is_transient(errno))
            return failed("cannot send", errno);
        bytes.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
    return {};
}

void Channel::close_sending() const {
    ::shutdown(fd_.get(), SHUT_WR);
}

base::Result<std::string> Channel::receive_all(std::size_t limit, Deadline deadline) const {
    std::string received;
    std::array<char, 32 * 1024> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (;;) {
        // Also for a side that never pauses the time is over then.
        if (auto const ready = wait(POLLIN, deadline); !ready)
            return ready.error();
        auto const got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (got == 0)
            return received;
        if (got < 0 && !is_transient(errno))
            return failed("cannot receive", errno);
        if (got < 0)
            continue;
        if (static_cast<std::size_t>(got) > limit - received.size())
            return failed("the other side does not stop", EMSGSIZE);
        received.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

bool Channel::is_abandoned() const {
    pollfd peer{.fd = fd_.get(), .events = 0, .revents = 0};
    return ::poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR)) != 0;
}

} // namespace livepatch::tasks
