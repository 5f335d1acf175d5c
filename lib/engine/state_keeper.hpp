// The State in memory, and its way to the disk.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker.hpp"
#include "engine/state.hpp"
#include "engine/state_file.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::engine {

// Belongs to the loop; must outlive what it queued on the worker.
class StateKeeper {
public:
    using Saved = std::function<void(base::Result<void>)>;

    static constexpr std::chrono::seconds retry_after{10};

    // `file` is used on the worker only, once load() has returned. `changed` is called when
    // problem() came or went.
    StateKeeper(
        StateFile& file, base::Worker disk, base::Clock& clock, std::function<void()> changed
    );

    std::string load(); // blocks; what was wrong with the file, "" = nothing

    State& state() { return state_; }

    State const& state() const { return state_; }

    // `saved` is called when the state of now, or a later one, is on the disk, or could not be put
    // there. Calls that come while the disk is busy are one write.
    void save(Saved saved = {});

    // For what the next save() may bring along: it is not worth a write of its own as long as one
    // is bound to follow. flush() is that write, if none has come.
    void save_with_next(Saved saved = {});

    void flush();

    // What is not known to be on the disk, for the end, when the worker has been joined; blocks.
    base::Result<void> finish();

    // Why the newest save failed; nothing when it did not. It is tried again until it succeeds.
    std::optional<base::Error> const& problem() const { return problem_; }

private:
    void write();
    void written(std::vector<Saved> const& waiting, base::Result<void> const& result);

    StateFile& file_;
    base::Worker disk_;
    base::Clock& clock_;
    std::function<void()> changed_;
    State state_;
    std::optional<base::Error> problem_;
    bool writing_ = false;
    bool unsaved_ = false;
    std::vector<Saved> waiting_;
    std::unique_ptr<base::Alarm> again_;
};

} // namespace livepatch::engine
