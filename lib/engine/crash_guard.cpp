#include "engine/crash_guard.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

namespace {

using report::EventKind;

class Judging {
public:
    Judging(State& state, Aftermath const& aftermath) : state_(state), aftermath_(aftermath) {}

    Judged run() {
        if (state_.judged_boot == aftermath_.boot_id)
            return {};
        forget_stalls();
        auto const boots = boots_with_attempts();
        if (boots.empty())
            state_.unclean_boots = 0;
        for (auto const& boot : boots)
            judge(boot);
        for (auto& load : state_.loads)
            load.proving = load.proving && load.boot_id == aftermath_.boot_id;
        state_.judged_boot = aftermath_.boot_id;
        judged_.changed = true;
        return std::move(judged_);
    }

private:
    // A patch that stalled may find other tasks now.
    void forget_stalls() {
        std::erase_if(state_.quarantines, [this](auto const& quarantine) {
            return quarantine.cause == Quarantine::Cause::stall &&
                   quarantine.boot_id != aftermath_.boot_id;
        });
    }

    bool is_attempt(LoadRecord const& load) const {
        return load.proving && load.boot_id != aftermath_.boot_id &&
               load.stage != Stage::replaced && !load.sha256.empty();
    }

    std::vector<std::string> boots_with_attempts() const {
        std::vector<std::string> boots;
        for (auto const& load : state_.loads)
            if (is_attempt(load) &&
                std::find(boots.begin(), boots.end(), load.boot_id) == boots.end())
                boots.push_back(load.boot_id);
        return boots;
    }

    void judge(std::string const& boot) {
        std::vector<LoadRecord const*> attempts; // oldest first
        for (auto const& load : state_.loads)
            if (is_attempt(load) && load.boot_id == boot)
                attempts.push_back(&load);
        bool const elsewhere = attempts.front()->machine_id != aftermath_.machine_id;
        if (elsewhere || boot == aftermath_.clean_boot) {
            state_.unclean_boots = 0;
            return;
        }
        ++state_.unclean_boots;
        if (auto const* culprit = culprit_of(attempts))
            quarantine(*culprit);
        else
            tell(
                *attempts.back(),
                EventKind::crashed,
                words_for(*attempts.back()) + "; it had proved good before and is not blamed"
            );
        if (state_.unclean_boots >= most_unclean_boots && !state_.boot_loop)
            stop_loading(*attempts.back());
    }

    LoadRecord const* culprit_of(std::vector<LoadRecord const*> const& attempts) const {
        auto const newest = [&](auto const& condition) {
            auto const found = std::find_if(attempts.rbegin(), attempts.rend(), condition);
            return found == attempts.rend() ? nullptr : *found;
        };
        if (auto const* named = newest([&](auto const* load) { return is_named(*load); }))
            return named;
        // What was on its way out because the kernel had complained of it.
        if (auto const* harmful = newest([&](auto const* load) { return did_harm(*load); }))
            return harmful;
        return newest([](auto const* load) { return load->first; });
    }

    bool is_named(LoadRecord const& load) const { return aftermath_.blamed.contains(load.name); }

    bool did_harm(LoadRecord const& load) const {
        auto const* quarantine = state_.find_quarantine(load.sha256);
        return quarantine != nullptr && quarantine->cause == Quarantine::Cause::harm &&
               quarantine->boot_id == load.boot_id;
    }

    // What it had taken the place of, if that was good, is what the kernel is to have again.
    void put_back(LoadRecord const& culprit) {
        for (auto& load : state_.loads)
            if (load.stage == Stage::replaced && load.replaced_by == culprit.name &&
                load.boot_id == culprit.boot_id && state_.is_good(load.sha256, load.kernel)) {
                load.stage = Stage::enabled;
                load.proving = false;
            }
    }

    static std::string words_for(LoadRecord const& load) {
        return "the machine went down in boot " + load.boot_id + " " + doing(load) +
               ", and nothing recorded an orderly end";
    }

    // What was going on, as far as it was recorded.
    static std::string doing(LoadRecord const& load) {
        auto const at = base::rfc3339(load.at);
        switch (load.stage) {
        case Stage::intended:
            return "while it was being loaded (" + at + ')';
        case Stage::loaded:
            return "during its transition (loaded " + at + ')';
        case Stage::reverting:
            return "while it was being reverted (loaded " + at + ')';
        case Stage::enabled:
        case Stage::replaced:
            break;
        }
        return "during its probation (loaded " + at + ')';
    }

    void quarantine(LoadRecord const& load) {
        auto reason = words_for(load);
        std::vector<std::string> evidence;
        if (auto const blame = aftermath_.blamed.find(load.name);
            blame != aftermath_.blamed.end()) {
            reason += "; the record of the crash names it";
            evidence = blame->second;
        }
        state_.put(Quarantine{
            .sha256 = load.sha256,
            .name = load.name,
            .id = load.id,
            .cause = Quarantine::Cause::crash,
            .reason = reason,
            .boot_id = load.boot_id,
            .since = aftermath_.time,
            .evidence = evidence});
        put_back(load);
        tell(load, EventKind::quarantined, "quarantined: " + reason, std::move(evidence));
    }

    void stop_loading(LoadRecord const& load) {
        state_.boot_loop = true;
        tell(
            load,
            EventKind::boot_loop,
            std::to_string(state_.unclean_boots) +
                " boots in a row ended like that; nothing is loaded by itself until: lpctl resume"
        );
    }

    void tell(
        LoadRecord const& load,
        EventKind kind,
        std::string const& message,
        std::vector<std::string> kernel_log = {}
    ) {
        judged_.events.push_back(
            {.kind = kind,
             .time = aftermath_.time,
             .patch = load.name,
             .id = load.id,
             .sha256 = load.sha256,
             .message = load.name + ": " + message,
             .kernel_log = std::move(kernel_log)}
        );
    }

    State& state_;
    Aftermath const& aftermath_;
    Judged judged_;
};

} // namespace

Judged judge_last_boots(State& state, Aftermath const& aftermath) {
    return Judging(state, aftermath).run();
}

std::string kernel_of(kernel::Identity const& identity) {
    return identity.build_id.empty() ? identity.release + ' ' + identity.version
                                     : identity.build_id;
}

} // namespace livepatch::engine
