#include "engine/taint_watch.hpp"

#include <algorithm>
#include <array>

namespace livepatch::engine {

namespace {

struct Taint {
    std::uint64_t bit;
    std::string_view words;
};

// include/linux/panic.h: TAINT_DIE, TAINT_WARN, TAINT_SOFTLOCKUP.
constexpr std::uint64_t die = 1U << 7U;
constexpr std::uint64_t warn = 1U << 9U;
constexpr std::uint64_t softlockup = 1U << 14U;
constexpr std::array taints{
    Taint{die, "an oops or a BUG (D)"},
    Taint{warn, "a warning (W)"},
    Taint{softlockup, "a soft lockup (L)"}};

std::uint64_t taint_of(kernel::TraceKind kind) {
    switch (kind) {
    case kernel::TraceKind::oops:
        return die;
    case kernel::TraceKind::bug:
        return die | warn; // "BUG: scheduling while atomic" is only a warning
    case kernel::TraceKind::warning:
        return warn;
    case kernel::TraceKind::lockup:
    case kernel::TraceKind::hung:
        return softlockup;
    }
    return 0;
}

} // namespace

void TaintWatch::follow(std::uint64_t taint, bool on_probation, Monotonic now) {
    if (!on_probation)
        untold_.clear();
    for (auto const& one : taints) {
        bool const is_new = known_ && (taint & one.bit & ~*known_) != 0;
        if (is_new && on_probation)
            untold_.emplace(one.bit, now);
    }
    known_ = known_.value_or(0) | taint;
}

void TaintWatch::account(kernel::TraceKind kind) {
    if (known_)
        *known_ |= taint_of(kind);
    std::erase_if(untold_, [kind](auto const& one) { return (one.first & taint_of(kind)) != 0; });
}

std::vector<std::string_view> TaintWatch::take_untold(Monotonic now) {
    std::vector<std::string_view> words;
    for (auto const& one : taints) {
        auto const found = untold_.find(one.bit);
        if (found == untold_.end() || now - found->second < patience)
            continue;
        words.push_back(one.words);
        untold_.erase(found);
    }
    return words;
}

std::optional<TaintWatch::Monotonic> TaintWatch::next() const {
    std::optional<Monotonic> first;
    for (auto const& [bit, since] : untold_)
        if (!first || since + patience < *first)
            first = since + patience;
    return first;
}

} // namespace livepatch::engine
