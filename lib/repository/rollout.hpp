// When a patch reaches which hosts. Pure: each host decides for itself, and tells nobody who it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

using Time = std::chrono::sys_seconds;

// What a publisher says, for rings of hosts: the share of each ring that is to have it.
struct Rollout {
    struct Step {
        Time at;
        unsigned percent = 0; // of the ring's hosts, from then on until the next step

        bool operator==(Step const&) const = default;
    };

    using Steps = std::vector<Step>; // in the order of their times

    bool paused = false;
    std::map<std::string, Steps, std::less<>> rings = {}; // none = all hosts at once

    bool operator==(Rollout const&) const = default;
};

// Where among all hosts this one stands for one patch: as a fraction of 2^64. Another place for
// each patch, so that it is not always the same who try first.
//
// HMAC-SHA256(key = `machine_id`, text = "livepatchd-rollout-v1" NUL `repository` NUL `patch`), of
// that the first 8 bytes, the first one highest. `machine_id`: the 32 digits of /etc/machine-id;
// `repository`: the source's name on this host; `patch`: the id in the catalogue.
std::uint64_t
rollout_place(std::string_view machine_id, std::string_view repository, std::string_view patch);

// Whether it brings the patch to hosts of that ring some time, as far as is known by now.
bool reaches_ring(Rollout const& rollout, std::string_view ring);

// A patch's rollout as far as it concerns this host.
class RolloutPlan {
public:
    // Reaches every host at once.
    RolloutPlan() = default;

    // `ring`: the host's; where the publisher has not got it, "default". A rollout that has neither
    // of the two does not reach this host at all.
    RolloutPlan(Rollout const& rollout, std::string_view ring, std::uint64_t place);

    // A patch that is not published yet reaches nobody.
    void not_before(Time published) { published_ = published; }

    bool is_paused() const { return paused_; }

    // Whether it is this host's turn; a pause is not looked at.
    bool reaches(Time now) const;

    // The next time from `now` on at which that becomes so; nothing when it is so, or no step that
    // is known brings it.
    std::optional<Time> turn(Time now) const;

    unsigned percent(Time now) const; // of its ring's hosts that it reaches

    // This host's place, in hundredths of a percent: 0 is the first, 9999 the last.
    unsigned place() const;

    bool operator==(RolloutPlan const&) const = default;

private:
    bool is_within(unsigned percent) const;

    bool paused_ = false;
    bool staged_ = false; // there are rings: only `steps_` bring it
    Rollout::Steps steps_ = {};
    std::uint64_t place_ = 0;
    std::optional<Time> published_ = {};
};

} // namespace livepatch::repository
