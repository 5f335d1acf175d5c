// livepatch-tasks: says which tasks a livepatch transition waits for, to livepatchd and nobody
// else. It may read what no other part may (stacks, wait channels, other users' tasks), so it does
// nothing but that. systemd starts it when the daemon connects; it ends by itself.
#include "base/error.hpp"
#include "kernel/tasks.hpp"
#include "tasks/helper_server.hpp"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace livepatch;

struct Free {
    void operator()(char* text) const { std::free(text); } // NOLINT: libsystemd allocates so
};

int say(std::string const& problem) {
    std::fprintf(stderr, "livepatch-tasks: %s\n", problem.c_str());
    return EXIT_FAILURE;
}

// The socket's mode lets root in; of root's processes it is the daemon's service alone that gets an
// answer.
bool is_the_daemon(int fd) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    char* name = nullptr;
    bool const has_unit = ::sd_peer_get_unit(fd, &name) >= 0;
    std::unique_ptr<char, Free> const unit(name);
    if (peer.uid == 0 && has_unit && std::string_view(unit.get()) == "livepatchd.service")
        return true;
    say("refused process " + std::to_string(peer.pid) + " of user " + std::to_string(peer.uid));
    return false;
}

} // namespace

int main() {
    constexpr int listening = SD_LISTEN_FDS_START;
    if (::sd_listen_fds(1) != 1 || ::sd_is_socket_unix(listening, SOCK_STREAM, 1, nullptr, 0) <= 0)
        return say("is started by systemd, when livepatchd calls at livepatch-tasks.socket");
    kernel::ProcTaskScanner scanner({});
    auto const done = tasks::HelperServer(scanner, is_the_daemon).run(listening);
    return done ? EXIT_SUCCESS : say(describe(done.error()));
}
