// Steps that wait because the kernel said "not now".
#pragma once

#include "base/clock.hpp"

#include <limits>
#include <map>
#include <optional>
#include <string>

namespace livepatch::engine {

class Backoff {
public:
    using Monotonic = base::Clock::Monotonic;

    static constexpr auto without_end = std::numeric_limits<unsigned>::max();

    // The step on this patch is to be tried again, later each time; false when that has been said
    // `most` times already: then it starts anew.
    bool put_off(std::string const& name, Monotonic now, unsigned most = without_end);

    bool knows(std::string const& name) const { return delays_.contains(name); }

    bool waits(std::string const& name, Monotonic now) const;
    std::optional<Monotonic> next(Monotonic now) const; // when the first one of them may be tried

    void forget(std::string const& name) { delays_.erase(name); }

    void clear() { delays_.clear(); }

private:
    struct Delay {
        Monotonic until{};
        unsigned tries = 0;
    };

    std::map<std::string, Delay> delays_; // by module name
};

} // namespace livepatch::engine
