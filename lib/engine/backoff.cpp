#include "engine/backoff.hpp"

#include <algorithm>
#include <chrono>

namespace livepatch::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto shortest = 200ms;
constexpr auto longest = 5s;

} // namespace

bool Backoff::put_off(std::string const& name, Monotonic now, unsigned most) {
    auto& delay = delays_[name];
    if (delay.tries >= most) {
        delays_.erase(name);
        return false;
    }
    auto const wait = shortest * (1U << std::min(delay.tries, 5U));
    delay.until = now + std::min<std::chrono::milliseconds>(wait, longest);
    ++delay.tries;
    return true;
}

bool Backoff::waits(std::string const& name, Monotonic now) const {
    auto const found = delays_.find(name);
    return found != delays_.end() && found->second.until > now;
}

std::optional<Backoff::Monotonic> Backoff::next(Monotonic now) const {
    std::optional<Monotonic> first;
    for (auto const& [name, delay] : delays_)
        if (delay.until > now)
            first = first ? std::min(*first, delay.until) : delay.until;
    return first;
}

} // namespace livepatch::engine
