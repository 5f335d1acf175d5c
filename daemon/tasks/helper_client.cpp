#include "tasks/helper_client.hpp"

#include "tasks/channel.hpp"
#include "tasks/wire.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace livepatch::tasks {

namespace {

base::Error unreachable(std::string_view what, int os_error) {
    auto error = base::system_error("livepatch-tasks", what, os_error);
    error.remedy = "see 'systemctl status livepatch-tasks.socket'";
    return error;
}

base::Result<base::UniqueFd> connect(std::filesystem::path const& path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    auto const& name = path.native();
    if (name.size() >= sizeof address.sun_path)
        return unreachable("cannot connect", ENAMETOOLONG);
    std::memcpy(static_cast<char*>(address.sun_path), name.c_str(), name.size() + 1);
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd)
        return unreachable("cannot connect", errno);
    // Never waits: a queue that is full, since nobody takes from it, is EAGAIN.
    auto const* where = reinterpret_cast<sockaddr const*>(&address); // NOLINT: the sockets' API
    if (::connect(fd.get(), where, sizeof address) != 0)
        return unreachable("cannot connect", errno);
    return fd;
}

// Who made the socket listen: of ours it is systemd. Anybody else would be believed what he says
// about other users' tasks.
bool is_listened_on_by(uid_t owner, int fd) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == owner;
}

} // namespace

HelperClient::HelperClient(
    std::filesystem::path socket, std::chrono::milliseconds patience, uid_t owner
)
    : socket_(std::move(socket)),
      patience_(patience),
      owner_(owner) {}

base::Result<kernel::TaskScan> HelperClient::scan(int target) {
    auto const deadline = std::chrono::steady_clock::now() + patience_;
    auto connected = connect(socket_);
    if (!connected)
        return connected.error();
    if (!is_listened_on_by(owner_, connected->get()))
        return unreachable("the socket is somebody else's", EPERM);
    Channel const channel(*std::move(connected));
    if (auto const sent = channel.send(wire::request(target), deadline); !sent)
        return sent.error();
    channel.close_sending();
    auto const answer = channel.receive_all(wire::largest_answer, deadline);
    if (!answer)
        return answer.error();
    return wire::decode(*answer);
}

} // namespace livepatch::tasks
