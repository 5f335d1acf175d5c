#include "engine/policy.hpp"

#include "base/text.hpp"
#include "engine/rollout_turn.hpp"

#include <algorithm>
#include <string_view>

namespace livepatch::engine {

namespace {

// "medium" and "high" are other words for two of them.
int rank_of(std::string_view severity) {
    if (severity == "low")
        return 0;
    if (severity == "moderate" || severity == "medium")
        return 1;
    if (severity == "important" || severity == "high")
        return 2;
    return 3;
}

// Until when all has to wait because no window is open; nothing = one is.
std::optional<Time> opening(Policy const& policy, Time now) {
    auto const& windows = policy.windows;
    bool const open =
        windows.empty() || std::any_of(windows.begin(), windows.end(), [&](auto const& window) {
            return window.contains(now);
        });
    if (open)
        return std::nullopt;
    auto first = windows.front().next_opening(now);
    for (auto const& window : windows)
        first = std::min(first, window.next_opening(now));
    return first;
}

Time first_seen(State const& state, std::string const& sha256, Time now) {
    auto const found = state.seen.find(sha256);
    return found == state.seen.end() ? now : found->second;
}

} // namespace

PolicyVerdict apply_policy(
    Policy const& policy, repository::Catalogue const& catalogue, State const& state, Time now
) {
    PolicyVerdict verdict;
    auto const opens = opening(policy, now);
    for (auto const& offer : catalogue.offers) {
        if (offer.refused)
            continue;
        if (!offer.severity.empty() && rank_of(offer.severity) < rank_of(policy.minimum_severity)) {
            verdict.below.emplace(
                offer.sha256,
                "severity " + offer.severity + " is below minimum_severity, " +
                    policy.minimum_severity
            );
            continue;
        }
        if (auto reached = rollout_of(offer, now)) {
            verdict.later.emplace(offer.sha256, std::move(reached->why));
            if (reached->turn && (!verdict.next || *reached->turn < *verdict.next))
                verdict.next = reached->turn;
            continue;
        }
        auto const ripe = first_seen(state, offer.sha256, now) + policy.delay;
        auto until = ripe > now ? std::optional(ripe) : std::nullopt;
        if (until)
            verdict.later.emplace(offer.sha256, "new; applied after " + base::rfc3339(*until));
        else if (opens)
            verdict.later.emplace(
                offer.sha256, "outside of the window; the next one opens " + base::rfc3339(*opens)
            );
        if (!until)
            until = opens;
        if (until && (!verdict.next || *until < *verdict.next))
            verdict.next = until;
    }
    return verdict;
}

// What is refused, or not offered, may be so for a moment only: its metadata expired, its source is
// not mounted yet, a configuration that cannot be read has no delay.
bool forget_first_seen(State& state, std::set<std::string_view> const& offered, Time now) {
    constexpr auto patience = std::chrono::days(30);
    return std::erase_if(state.seen, [&](auto const& seen) {
               return !offered.contains(seen.first) && seen.second + patience < now;
           }) != 0;
}

bool remember_first_seen(State& state, repository::Catalogue const& catalogue, Time now) {
    std::set<std::string_view> offered;
    bool changed = false;
    for (auto const& offer : catalogue.offers) {
        if (offer.sha256.empty())
            continue;
        offered.insert(offer.sha256);
        if (!offer.refused)
            changed = state.seen.emplace(offer.sha256, now).second || changed;
    }
    // Seen while the clock was ahead.
    for (auto& [sha256, since] : state.seen) {
        changed = changed || since > now;
        since = std::min(since, now);
    }
    return forget_first_seen(state, offered, now) || changed;
}

} // namespace livepatch::engine
