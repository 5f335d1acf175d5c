// The kernel's own memory of having been in trouble, for what its log does not tell: it may have
// been overtaken, or never printed.
#pragma once

#include "base/clock.hpp"
#include "kernel/trace.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace livepatch::engine {

// Each bit is set once in a boot, and names nobody: it is reported, and no patch is blamed for it.
class TaintWatch {
public:
    using Monotonic = base::Clock::Monotonic;

    // The log is read a moment later than the bit: what it tells by then is not told twice.
    static constexpr std::chrono::seconds patience{5};

    // `taint` as /proc/sys/kernel/tainted has it. While nobody is on probation what comes about
    // is nobody's matter.
    void follow(std::uint64_t taint, bool on_probation, Monotonic now);

    // The log has told of trouble of this kind.
    void account(kernel::TraceKind kind);

    // What the log has not told of, in words, once each.
    std::vector<std::string_view> take_untold(Monotonic now);

    std::optional<Monotonic> next() const; // when there may be something

private:
    std::optional<std::uint64_t> known_;        // nothing = never looked
    std::map<std::uint64_t, Monotonic> untold_; // by bit: since when
};

} // namespace livepatch::engine
