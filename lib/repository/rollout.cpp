#include "repository/rollout.hpp"

#include "base/hmac.hpp"

#include <algorithm>

namespace livepatch::repository {

namespace {

constexpr std::string_view default_ring = "default";

std::string labelled(std::string_view repository, std::string_view patch) {
    std::string text = "livepatchd-rollout-v1";
    text += '\0';
    text += repository;
    text += '\0';
    text += patch;
    return text;
}

// nullptr = none that concerns it.
Rollout::Steps const* steps_for(Rollout const& rollout, std::string_view ring) {
    auto found = rollout.rings.find(ring);
    if (found == rollout.rings.end())
        found = rollout.rings.find(default_ring);
    return found == rollout.rings.end() ? nullptr : &found->second;
}

} // namespace

bool reaches_ring(Rollout const& rollout, std::string_view ring) {
    if (rollout.paused || rollout.rings.empty())
        return !rollout.paused;
    auto const* steps = steps_for(rollout, ring);
    return steps != nullptr && std::any_of(steps->begin(), steps->end(), [](auto const& step) {
               return step.percent > 0;
           });
}

std::uint64_t
rollout_place(std::string_view machine_id, std::string_view repository, std::string_view patch) {
    auto const digest = base::hmac_sha256(machine_id, labelled(repository, patch));
    std::uint64_t place = 0;
    for (std::size_t i = 0; i < 8; ++i)
        place = place << 8U | std::to_integer<std::uint64_t>(digest[i]);
    return place;
}

RolloutPlan::RolloutPlan(Rollout const& rollout, std::string_view ring, std::uint64_t place)
    : paused_(rollout.paused),
      staged_(!rollout.rings.empty()),
      place_(place) {
    if (auto const* steps = steps_for(rollout, ring))
        steps_ = *steps;
}

unsigned RolloutPlan::percent(Time now) const {
    if (published_ && now < *published_)
        return 0;
    if (!staged_)
        return 100;
    unsigned percent = 0;
    for (auto const& step : steps_)
        if (step.at <= now)
            percent = step.percent;
    return percent;
}

// place / 2^64 < percent / 100, in whole numbers: 2^64 / 100 is rounded up, so that no place is
// counted out that belongs in.
bool RolloutPlan::is_within(unsigned percent) const {
    constexpr std::uint64_t hundredth = UINT64_MAX / 100 + 1;
    return percent >= 100 || place_ < hundredth * percent;
}

bool RolloutPlan::reaches(Time now) const {
    return is_within(percent(now));
}

std::optional<Time> RolloutPlan::turn(Time now) const {
    if (reaches(now))
        return std::nullopt;
    if (published_ && now < *published_ && reaches(*published_))
        return published_;
    auto const from = std::max(now, published_.value_or(now));
    for (auto const& step : steps_)
        if (step.at > from && is_within(step.percent))
            return step.at;
    return std::nullopt;
}

unsigned RolloutPlan::place() const {
    // The upper half is exact enough, and leaves room to multiply.
    return static_cast<unsigned>((place_ >> 32U) * 10'000 >> 32U);
}

} // namespace livepatch::repository
