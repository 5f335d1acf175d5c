// What a worker is at, for whoever waits for it too long.
#pragma once

#include <mutex>
#include <string>
#include <utility>

namespace livepatch::base {

// Any thread.
class Whereabouts {
public:
    void set(std::string what) {
        std::lock_guard const lock(mutex_);
        what_ = std::move(what);
    }

    std::string get() const { // "" = at nothing
        std::lock_guard const lock(mutex_);
        return what_;
    }

private:
    mutable std::mutex mutex_;
    std::string what_;
};

} // namespace livepatch::base
