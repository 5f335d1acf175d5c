// After its transition a patch is watched for a while: what the kernel complains of its code is
// harm, and what comes through has proved good.
#pragma once

#include "base/clock.hpp"
#include "engine/state.hpp"
#include "kernel/livepatch_tree.hpp"
#include "kernel/trace.hpp"
#include "repository/patch_entry.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::engine {

struct ProbationRules {
    // 0 = there is no verdict; what is enabled is an attempt of the crash guard for the usual time
    // all the same.
    std::chrono::seconds time{600};
    // What is reverted for: "oops", "bug", "lockup" (hung tasks and stalls, too), "warn".
    std::set<std::string, std::less<>> revert_on{"oops", "bug", "lockup", "warn"};
};

class Probation {
public:
    using Monotonic = base::Clock::Monotonic;

    explicit Probation(ProbationRules rules) : rules_(std::move(rules)) {}

    void configure(ProbationRules rules) { rules_ = std::move(rules); }

    // What a publisher says of his patch, by digest.
    using TimesOf = std::function<repository::PatchTimes(std::string const& sha256)>;

    // Who is on probation: ours, in the kernel of this boot, and not proved in it.
    void follow(
        State const& state,
        kernel::Observation const& now,
        std::string_view boot_id,
        Monotonic at,
        TimesOf const& times_of = {}
    );

    bool is_wanted() const { return rules_.time.count() != 0; }

    bool is_idle() const { return trials_.empty(); }

    // Who is to be taken out for it; "" = nobody.
    std::string culprit(kernel::Trace const& trace) const;

    std::vector<std::string> enabled() const;             // whose transition has ended
    std::vector<std::string> passed(Monotonic now) const; // whose time is over
    // When the first one's will be. Without a verdict it is worth no alarm.
    std::optional<Monotonic> next() const;

private:
    struct Trial {
        std::optional<Monotonic> since =
            {}; // it has been seen enabled; nothing = its transition runs
        repository::PatchTimes times = {};
    };

    std::chrono::seconds time_of(Trial const& trial) const;
    bool reverts_on(Trial const& trial, std::string_view harm) const;

    ProbationRules rules_;
    std::map<std::string, Trial, std::less<>> trials_; // by module name
};

} // namespace livepatch::engine
