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
    State const& state, kernel::Observation const& now, std::string_view boot_id, Monotonic at
) {
    std::map<std::string, std::optional<Monotonic>, std::less<>> trials;
    for (auto const& load : state.loads) {
        auto const* patch = now.find(load.name);
        if (!load.proving || load.boot_id != boot_id || patch == nullptr)
            continue;
        // Its code may run as soon as one task has moved to it, and until the last one has left.
        auto& since = trials[load.name];
        if (patch->state != PatchState::enabled)
            continue;
        auto const known = trials_.find(load.name);
        since = known != trials_.end() && known->second ? *known->second : at;
    }
    trials_ = std::move(trials);
}

std::string Probation::culprit(kernel::Trace const& trace) const {
    if (!is_wanted() || !rules_.revert_on.contains(rule_for(trace.kind)))
        return "";
    auto const found = std::find_if(trials_.begin(), trials_.end(), [&](auto const& trial) {
        return blames(trace, trial.first);
    });
    return found == trials_.end() ? std::string() : found->first;
}

std::vector<std::string> Probation::enabled() const {
    std::vector<std::string> names;
    for (auto const& [name, since] : trials_)
        if (since)
            names.push_back(name);
    return names;
}

std::vector<std::string> Probation::passed(Monotonic now) const {
    std::vector<std::string> names;
    for (auto const& [name, since] : trials_)
        if (since && now - *since >= (is_wanted() ? rules_.time : ProbationRules().time))
            names.push_back(name);
    return names;
}

std::optional<Probation::Monotonic> Probation::next() const {
    std::optional<Monotonic> first;
    if (!is_wanted())
        return first;
    for (auto const& [name, since] : trials_)
        if (since && (!first || *since + rules_.time < *first))
            first = *since + rules_.time;
    return first;
}

} // namespace livepatch::engine
