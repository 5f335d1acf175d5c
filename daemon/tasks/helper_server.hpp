// livepatch-tasks' side: one caller after the other, each within its time.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/tasks.hpp"

#include <chrono>
#include <functional>

namespace livepatch::tasks {

class HelperServer {
public:
    struct Limits {
        std::chrono::milliseconds request{1000}; // for the caller to ask
        std::chrono::milliseconds answer{2000};  // for the caller to read
        std::chrono::milliseconds idle{10'000};  // without a caller: then it is time to end
        std::chrono::milliseconds life{60'000};  // then too, and a fresh process takes over
    };

    // Whether the caller at this socket gets an answer.
    using Admit = std::function<bool(int fd)>;

    HelperServer(kernel::TaskScanner& scanner, Admit admit) : HelperServer(scanner, admit, {}) {}

    HelperServer(kernel::TaskScanner& scanner, Admit admit, Limits limits);

    // Until it is time to end; an error only of the socket itself. `listening` is a stream socket
    // that listens. Who calls after the end waits in its queue, for the next one to serve it.
    base::Result<void> run(int listening) const;

private:
    void serve(base::UniqueFd fd) const;

    kernel::TaskScanner& scanner_;
    Admit admit_;
    Limits limits_;
};

} // namespace livepatch::tasks
