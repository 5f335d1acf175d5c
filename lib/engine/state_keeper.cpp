#include "engine/state_keeper.hpp"

#include <utility>

namespace livepatch::engine {

StateKeeper::StateKeeper(
    StateFile& file, base::Worker disk, base::Clock& clock, std::function<void()> changed
)
    : file_(file),
      disk_(std::move(disk)),
      clock_(clock),
      changed_(std::move(changed)) {}

std::string StateKeeper::load() {
    auto loaded = file_.load();
    state_ = std::move(loaded.state);
    return std::move(loaded.problem);
}

void StateKeeper::save(Saved saved) {
    waiting_.push_back(std::move(saved));
    if (!writing_)
        write();
}

void StateKeeper::save_with_next(Saved saved) {
    unsaved_ = true;
    if (saved)
        waiting_.push_back(std::move(saved));
}

void StateKeeper::flush() {
    if (unsaved_)
        save();
}

base::Result<void> StateKeeper::finish() {
    bool const complete = !unsaved_ && !writing_ && waiting_.empty();
    return complete ? base::Result<void>() : file_.save(state_);
}

void StateKeeper::write() {
    writing_ = true;
    unsaved_ = false;
    again_.reset();
    disk_.run(
        [this, state = state_] { return file_.save(state); },
        [this, waiting = std::exchange(waiting_, {})](base::Result<void> const& result) {
            written(waiting, result);
        }
    );
}

void StateKeeper::written(std::vector<Saved> const& waiting, base::Result<void> const& result) {
    writing_ = false;
    if (!waiting_.empty())
        write();
    bool const changed = problem_.has_value() != result.has_error();
    problem_ = result ? std::nullopt : std::optional(result.error());
    if (problem_ && !writing_)
        again_ = clock_.alarm(clock_.now() + retry_after, [this] { save(); });
    if (changed)
        changed_();
    for (auto const& saved : waiting)
        if (saved)
            saved(result);
}

} // namespace livepatch::engine
