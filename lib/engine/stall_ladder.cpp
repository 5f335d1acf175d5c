#include "engine/stall_ladder.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <functional>

namespace livepatch::engine {

namespace {

// A quarter more at most.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds pause, std::string const& seed) {
    constexpr unsigned steps = 1'000;
    auto const step = std::hash<std::string>{}(seed) % steps;
    return pause + pause * static_cast<int>(step) / static_cast<int>(4 * steps);
}

} // namespace

void StallLadder::follow(
    kernel::ObservedPatch const* patch, Monotonic now, repository::PatchTimes const& times
) {
    times_ = times;
    auto const key =
        patch == nullptr ? std::string() : patch->name + ' ' + std::string(name(patch->state));
    if (key == transition_)
        return;
    transition_ = key;
    enabling_ = patch != nullptr && patch->state == base::PatchState::enabling;
    since_ = now;
}

std::chrono::seconds StallLadder::stall_after() const {
    return times_.stall_after.value_or(rules_.stall_after);
}

std::chrono::seconds StallLadder::reverse_after() const {
    return times_.reverse_after.value_or(rules_.reverse_after);
}

bool StallLadder::is_stalled(Monotonic now) const {
    return !transition_.empty() && stall_after().count() != 0 && now - since_ >= stall_after();
}

bool StallLadder::is_overdue(Monotonic now) const {
    return enabling_ && reverse_after().count() != 0 && now - since_ >= reverse_after();
}

bool StallLadder::reversed(std::string const& sha256, Monotonic now, base::Clock::Wall wall) {
    auto& stall = stalls_[sha256];
    ++stall.times;
    if (stall.times > rules_.retries) {
        stalls_.erase(sha256);
        return false;
    }
    constexpr unsigned most_doublings = 6;
    auto const doublings = std::min(stall.times - 1, most_doublings);
    auto const pause = with_jitter(
        rules_.backoff * (1U << doublings), salt_ + sha256 + std::to_string(stall.times)
    );
    stall.until = now + pause;
    stall.until_wall = wall + pause;
    return true;
}

std::map<std::string, std::string> StallLadder::waiting(Monotonic now) const {
    std::map<std::string, std::string> waiting;
    for (auto const& [sha256, stall] : stalls_)
        if (stall.until > now)
            waiting.emplace(
                sha256,
                "its transition did not end and was turned round (" + std::to_string(stall.times) +
                    " of " + std::to_string(rules_.retries + 1) + " tries); tried again at " +
                    base::rfc3339(stall.until_wall)
            );
    return waiting;
}

std::optional<StallLadder::Monotonic> StallLadder::next(Monotonic now) const {
    std::optional<Monotonic> first;
    auto const add = [&](Monotonic when) {
        if (when > now && (!first || when < *first))
            first = when;
    };
    if (!transition_.empty() && stall_after().count() != 0)
        add(since_ + stall_after());
    if (enabling_ && reverse_after().count() != 0)
        add(since_ + reverse_after());
    for (auto const& [sha256, stall] : stalls_)
        add(stall.until);
    return first;
}

} // namespace livepatch::engine
