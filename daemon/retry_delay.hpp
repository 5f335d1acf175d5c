// How long until what failed is tried again: twice as long each time, since what is not there (a
// container has no kernel log) may never come, and the daemon sleeps when nothing happens.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace livepatch::daemon {

class RetryDelay {
public:
    std::chrono::seconds next() { return std::exchange(next_, std::min(2 * next_, longest)); }

    // It has succeeded.
    void reset() { next_ = first; }

private:
    static constexpr std::chrono::seconds first{5};
    static constexpr std::chrono::seconds longest{300};

    std::chrono::seconds next_ = first;
};

} // namespace livepatch::daemon
