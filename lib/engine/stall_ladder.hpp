// What is done about a transition that does not end: first it is said, then it is turned round,
// tried again later, and in the end given up until the next boot.
#pragma once

#include "base/clock.hpp"
#include "kernel/livepatch_tree.hpp"
#include "repository/patch_entry.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace livepatch::engine {

// 0 switches a step off.
struct TransitionRules {
    std::chrono::seconds stall_after{20}; // the kernel's own first signal comes after 15
    std::chrono::seconds reverse_after{300};
    std::int64_t retries = 3;
    std::chrono::seconds backoff{600}; // before the first retry; twice as long before each other
    // At boot: what nobody waits behind may take its time.
    bool reverse_for_others_only = false;
};

class StallLadder {
public:
    using Monotonic = base::Clock::Monotonic;

    // `salt` is the host's own: not all of a fleet shall try again in the same second.
    StallLadder(TransitionRules rules, std::string salt) : rules_(rules), salt_(std::move(salt)) {}

    TransitionRules const& rules() const { return rules_; }

    void configure(TransitionRules rules) { rules_ = rules; }

    // The patch in transition, nullptr = none, and what its publisher says of it.
    void follow(
        kernel::ObservedPatch const* patch, Monotonic now, repository::PatchTimes const& times = {}
    );

    // The time after which the patch in transition is turned round.
    std::chrono::seconds reverse_after() const;

    bool is_stalled(Monotonic now) const; // it is time to say so
    bool is_overdue(Monotonic now) const; // it is time to turn it round

    // A load of this digest was turned round. Whether it may be tried again, later; false = that
    // was the last time.
    bool reversed(std::string const& sha256, Monotonic now, base::Clock::Wall wall);

    // Its transition has ended, or somebody wants it now.
    void forget(std::string const& sha256) { stalls_.erase(sha256); }

    void clear() { stalls_.clear(); }

    // What has to wait for its next try, by digest, in words.
    std::map<std::string, std::string> waiting(Monotonic now) const;

    std::optional<Monotonic> next(Monotonic now) const; // when any of this changes by itself

private:
    std::chrono::seconds stall_after() const;

    struct Stall {
        unsigned times = 0;
        Monotonic until{};
        base::Clock::Wall until_wall;
    };

    TransitionRules rules_;
    std::string salt_;
    std::string transition_; // "NAME STATE"; "" = none
    bool enabling_ = false;
    repository::PatchTimes times_;
    Monotonic since_{};
    std::map<std::string, Stall> stalls_; // by digest
};

} // namespace livepatch::engine
