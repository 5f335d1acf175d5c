#include "tasks/helper_server.hpp"

#include "tasks/channel.hpp"
#include "tasks/wire.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <poll.h>
#include <utility>

namespace livepatch::tasks {

namespace {

using Steady = std::chrono::steady_clock;

base::Error failed(std::string_view what) {
    return base::system_error("livepatch-tasks", what, errno);
}

// Whether somebody calls within that time.
base::Result<bool> wait_for_caller(int listening, std::chrono::milliseconds patience) {
    pollfd waiting{.fd = listening, .events = POLLIN, .revents = 0};
    int ready = 0;
    do
        ready = ::poll(&waiting, 1, static_cast<int>(patience.count()));
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return failed("cannot wait");
    return ready > 0;
}

// None if whoever called has hung up meanwhile.
base::Result<base::UniqueFd> accept(int listening) {
    base::UniqueFd fd(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        return failed("cannot accept");
    return fd;
}

} // namespace

HelperServer::HelperServer(kernel::TaskScanner& scanner, Admit admit, Limits limits)
    : scanner_(scanner),
      admit_(std::move(admit)),
      limits_(limits) {}

base::Result<void> HelperServer::run(int listening) const {
    auto const end = Steady::now() + limits_.life;
    while (Steady::now() < end) {
        auto const called = wait_for_caller(listening, limits_.idle);
        if (!called)
            return called.error();
        if (!*called)
            return {};
        auto caller = accept(listening);
        if (!caller)
            return caller.error();
        if (*caller && admit_(caller->get()))
            serve(*std::move(caller));
    }
    return {};
}

void HelperServer::serve(base::UniqueFd fd) const {
    Channel const caller(std::move(fd));
    auto const request = caller.receive_all(wire::largest_request, Steady::now() + limits_.request);
    auto const target = request ? wire::parse_request(*request) : std::nullopt;
    // Who has given up waiting, while we were stopped, is not worth a scan.
    if (!target || caller.is_abandoned())
        return;
    // Who does not take the answer does without.
    (void)caller.send(wire::encode(scanner_.scan(*target)), Steady::now() + limits_.answer);
}

} // namespace livepatch::tasks
