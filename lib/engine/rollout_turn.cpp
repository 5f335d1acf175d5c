#include "engine/rollout_turn.hpp"

#include "base/text.hpp"

#include <chrono>

namespace livepatch::engine {

namespace {

// "42.17": a place among all hosts, in percent.
std::string in_percent(unsigned hundredths) {
    auto const rest = hundredths % 100;
    return std::to_string(hundredths / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest);
}

} // namespace

std::optional<Unreached> rollout_of(repository::Offer const& offer, Time now) {
    auto const& rollout = offer.rollout;
    auto const seconds = std::chrono::floor<std::chrono::seconds>(now);
    if (rollout.is_paused())
        return Unreached{.why = "rollout: paused by its publisher"};
    if (rollout.reaches(seconds))
        return std::nullopt;
    Unreached unreached{
        .why = "rollout: at " + std::to_string(rollout.percent(seconds)) + " %, this host is at " +
               in_percent(rollout.place()) + " %; "};
    if (auto const turn = rollout.turn(seconds)) {
        unreached.turn = *turn;
        unreached.why += "its turn is at " + base::rfc3339(*turn);
    } else {
        unreached.why += "its turn is not known yet";
    }
    return unreached;
}

} // namespace livepatch::engine
