#include "lpctl/password_agent.hpp"

#include "base/unique_fd.hpp"

#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h> // NOLINT(modernize-deprecated-headers): kill
#include <spawn.h>
#include <string>
#include <unistd.h>

namespace livepatch::lpctl {

namespace {

constexpr int registering_ms = 2'000;

// It closes the descriptor that it is told when it is ready.
void wait_for_end(int fd) {
    ::pollfd poll = {.fd = fd, .events = POLLIN, .revents = 0};
    while (::poll(&poll, 1, registering_ms) < 0 && errno == EINTR) {
    }
}

} // namespace

void PasswordAgent::start() {
    std::array<int, 2> ends{};
    if (child_ != 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0)
        return;
    base::UniqueFd const ours(ends[0]);
    base::UniqueFd theirs(ends[1]);
    constexpr int told = 3; // dup2 onto another number also clears O_CLOEXEC
    auto number = std::to_string(told);
    std::array<char const*, 5> const words{
        "pkttyagent", "--notify-fd", number.c_str(), "--fallback", nullptr};
    ::posix_spawn_file_actions_t actions = {};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), told);
    pid_t child = 0;
    int const failed = ::posix_spawn(
        &child,
        "/usr/bin/pkttyagent",
        &actions,
        nullptr,
        const_cast<char* const*>(words.data()), // NOLINT: posix_spawn does not change them
        environ
    );
    ::posix_spawn_file_actions_destroy(&actions);
    theirs.reset();
    if (failed != 0)
        return;
    child_ = child;
    wait_for_end(ours.get());
}

PasswordAgent::~PasswordAgent() {
    if (child_ == 0)
        return;
    // SIGCONT in case it was stopped, or it would never see the other one.
    ::kill(child_, SIGTERM);
    ::kill(child_, SIGCONT);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace livepatch::lpctl
