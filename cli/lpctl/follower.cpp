#include "lpctl/follower.hpp"

#include <utility>

namespace livepatch::lpctl {

using base::PatchState;

Follower::Follower(std::string name, Goal goal, Time start, bool queued)
    : name_(std::move(name)),
      goal_(goal),
      start_(start),
      queued_(queued) {}

Verdict Follower::see(PatchState state, Time now) {
    if (verdict_ != Verdict::waiting)
        return verdict_;
    state_ = state;
    elapsed_ = std::chrono::floor<std::chrono::milliseconds>(now - start_);
    verdict_ = goal_ == Goal::applied ? applying(now) : reverting(now);
    moved_ |= state == (goal_ == Goal::applied ? PatchState::enabling : PatchState::disabling);
    return verdict_;
}

void Follower::give_up() {
    if (verdict_ == Verdict::waiting)
        verdict_ = Verdict::failed;
}

void Follower::give_up_if_queued() {
    if (queued_ && !moved_)
        give_up();
}

bool Follower::may_still_begin(Time now) const {
    return !moved_ && (queued_ || now - start_ < grace);
}

Verdict Follower::applying(Time now) const {
    switch (state_) {
    case PatchState::enabled:
        return Verdict::done;
    case PatchState::enabling:
        return Verdict::waiting;
    default:
        return may_still_begin(now) ? Verdict::waiting : Verdict::failed;
    }
}

Verdict Follower::reverting(Time now) {
    if (state_ != PatchState::disabled)
        disabled_since_.reset();
    switch (state_) {
    case PatchState::absent:
        return Verdict::done;
    case PatchState::disabling:
        return Verdict::waiting;
    case PatchState::disabled:
        if (!disabled_since_)
            disabled_since_ = now;
        return now - *disabled_since_ < unloading ? Verdict::waiting : Verdict::stays_loaded;
    case PatchState::enabling:
        // Also what the kernel shows in the first moment of a disable. Once that is over, somebody
        // has turned it round.
        return moved_ ? Verdict::failed : Verdict::waiting;
    case PatchState::enabled:
        return may_still_begin(now) ? Verdict::waiting : Verdict::failed;
    }
    return Verdict::failed;
}

} // namespace livepatch::lpctl
