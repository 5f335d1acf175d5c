#include "engine/probation.hpp"

#include <algorithm>

namespace livepatch::engine {

namespace {

using base::PatchState;

std::string_view rule_for(kernel::TraceKind kind) {
    return kind == kernel::TraceKind::hung ? name(kernel::TraceKind::lockup) : name(kind);
}

} // namespace

void Probation::follow(
    State const& state,
    kernel::Observation const& now,
    std::string_view boot_id,
    Monotonic at,
    TimesOf const& times_of
) {
    std::map<std::string, Trial, std::less<>> trials;
    for (auto const& load : state.loads) {
        auto const* patch = now.find(load.name);
        if (!load.proving || load.boot_id != boot_id || patch == nullptr)
            continue;
        // Its code may run as soon as one task has moved to it, and until the last one has left.
        auto& trial = trials[load.name];
        if (times_of)
            trial.times = times_of(load.sha256);
        if (patch->state != PatchState::enabled)
            continue;
        auto const known = trials_.find(load.name);
        trial.since = known != trials_.end() && known->second.since ? *known->second.since : at;
    }
    trials_ = std::move(trials);
}

// Without a verdict it is an attempt of the crash guard for the usual time all the same.
std::chrono::seconds Probation::time_of(Trial const& trial) const {
    return is_wanted() ? trial.times.probation.value_or(rules_.time) : ProbationRules().time;
}

bool Probation::reverts_on(Trial const& trial, std::string_view harm) const {
    auto const& said = trial.times.revert_on;
    return said ? std::find(said->begin(), said->end(), harm) != said->end()
                : rules_.revert_on.contains(harm);
}

std::string Probation::culprit(kernel::Trace const& trace) const {
    if (!is_wanted())
        return "";
    auto const found = std::find_if(trials_.begin(), trials_.end(), [&](auto const& trial) {
        return reverts_on(trial.second, rule_for(trace.kind)) && blames(trace, trial.first);
    });
    return found == trials_.end() ? std::string() : found->first;
}

std::vector<std::string> Probation::enabled() const {
    std::vector<std::string> names;
    for (auto const& [name, trial] : trials_)
        if (trial.since)
            names.push_back(name);
    return names;
}

std::vector<std::string> Probation::passed(Monotonic now) const {
    std::vector<std::string> names;
    for (auto const& [name, trial] : trials_)
        if (trial.since && now - *trial.since >= time_of(trial))
            names.push_back(name);
    return names;
}

std::optional<Probation::Monotonic> Probation::next() const {
    std::optional<Monotonic> first;
    if (!is_wanted())
        return first;
    for (auto const& [name, trial] : trials_)
        if (trial.since && (!first || *trial.since + time_of(trial) < *first))
            first = *trial.since + time_of(trial);
    return first;
}

} // namespace livepatch::engine
