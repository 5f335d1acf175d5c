// The half of Engine that says what would come of a load.
#include "engine/engine.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace livepatch::engine {

namespace {

using base::Errc;
using base::PatchState;
using preflight::Checks;
using preflight::Verdict;

constexpr auto quarantine_item = "quarantine";
constexpr auto policy_item = "policy";

// Anybody may ask, and reading all sources is much work: it is done for all who asked meanwhile.
constexpr auto between_readings = std::chrono::seconds(1);

// What a refusal of ours is about that the checklist does not look at by itself.
bool is_policy(Judgement const& judged) {
    if (judged.offer == nullptr)
        return true;
    return !judged.offer->refused && judged.refusal->code != Errc::load_failed &&
           judged.refusal->code != Errc::unsupported;
}

preflight::Check check_quarantine(std::optional<base::Error> const& refusal) {
    if (refusal && refusal->code == Errc::quarantined)
        return preflight::failed(quarantine_item, *refusal);
    return preflight::passed(quarantine_item, "it did no harm that is known of");
}

Checks policy_checks(Judgement const& judged) {
    Checks checks{check_quarantine(judged.as_wanted ? std::nullopt : judged.refusal)};
    if (judged.as_wanted)
        checks.push_back(preflight::passed(policy_item, "it is enabled already"));
    else if (judged.refusal && judged.refusal->code != Errc::quarantined && is_policy(judged))
        checks.push_back(preflight::failed(policy_item, *judged.refusal));
    else
        checks.push_back(preflight::passed(policy_item, "nothing stands against it"));
    return checks;
}

} // namespace

// What an admin or the past say about a module that no source offers.
Checks Engine::policy_on_file(Verdict const& verdict) const {
    auto const& state = keeper_.state();
    Checks checks;
    if (auto const* quarantine = state.find_quarantine(verdict.sha256);
        quarantine != nullptr && !verdict.sha256.empty())
        checks.push_back(preflight::failed(
            quarantine_item,
            {.code = Errc::quarantined,
             .subject = verdict.patch,
             .cause = "quarantined: " + quarantine->reason,
             .remedy = "lpctl unhold " + verdict.patch}
        ));
    else
        checks.push_back(check_quarantine(std::nullopt));
    if (auto const* hold = state.find_hold_of(verdict.patch, verdict.patch))
        checks.push_back(preflight::failed(
            policy_item,
            {.code = Errc::held,
             .subject = verdict.patch,
             .cause = "held by an administrator: " + hold->reason,
             .remedy = "lpctl unhold " + hold->id}
        ));
    else if (auto const halt = stopped())
        checks.push_back(preflight::failed(policy_item, *halt));
    else
        checks.push_back(preflight::passed(policy_item, "nothing stands against it"));
    return checks;
}

void Engine::check_host(Done<Verdict> done) {
    report();
    checker_.check_host(
        [this](Verdict const&) -> Checks {
            if (auto const halt = stopped())
                return {preflight::failed(policy_item, *halt)};
            return {preflight::passed(policy_item, "patches may be loaded")};
        },
        std::move(done)
    );
}

void Engine::check(std::string const& patch, Done<Verdict> done) {
    report();
    if (find_to_apply(patch))
        return check_known(patch, std::move(done));
    unknown_.push_back({patch, std::move(done)});
    if (!unknown_alarm_)
        unknown_alarm_ = parts_.clock.alarm(
            sources_read_at_ ? *sources_read_at_ + between_readings : parts_.clock.now(),
            [this] { check_unknown(); }
        );
}

void Engine::check_unknown() {
    unknown_alarm_.reset();
    refresh([this, asked = std::exchange(unknown_, {})](base::Result<void> const&) {
        for (auto const& one : asked)
            check_known(one.patch, one.done);
    });
}

void Engine::check_known(std::string const& patch, Done<Verdict> done) {
    auto const judged = find_to_apply(patch);
    if (!judged)
        return done(no_such_patch(patch));
    Checker::Patch asked{
        .name = judged->name,
        .offer = judged->offer == nullptr ? std::nullopt : std::optional(*judged->offer),
        .enabled = judged->as_wanted,
        .leftover_goes = judged->state == PatchState::disabled && judged->record != nullptr};
    checker_.check_patch(
        std::move(asked),
        [policy = policy_checks(*judged)](Verdict const&) { return policy; },
        std::move(done)
    );
}

void Engine::check_file(base::UniqueFd file, std::string name, Done<Verdict> done) {
    report();
    checker_.check_file(
        std::move(file),
        std::move(name),
        [this](Verdict const& verdict) { return policy_on_file(verdict); },
        std::move(done)
    );
}

} // namespace livepatch::engine
