// One connection between livepatchd and livepatch-tasks: nothing on it waits beyond its deadline,
// and nothing is read beyond its limit.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace livepatch::tasks {

class Channel {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    // `fd` is a connected stream socket that does not block.
    explicit Channel(base::UniqueFd fd) : fd_(std::move(fd)) {}

    // All of it, or an error: os_error ETIMEDOUT when the other side did not take it in time.
    base::Result<void> send(std::string_view bytes, Deadline deadline) const;

    // The other side will see the end of what was sent.
    void close_sending() const;

    // What the other side sends, to the end; more than `limit` bytes are an error (EMSGSIZE).
    base::Result<std::string> receive_all(std::size_t limit, Deadline deadline) const;

    // Nobody will read what is sent.
    bool is_abandoned() const;

private:
    base::Result<void> wait(short events, Deadline deadline) const;

    base::UniqueFd fd_;
};

} // namespace livepatch::tasks
