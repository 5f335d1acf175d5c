#include "source_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace livepatch::daemon {

SourceWatch::SourceWatch(
    boost::asio::io_context& io,
    base::Clock& clock,
    base::Worker worker,
    std::vector<std::filesystem::path> directories,
    Handlers handlers
)
    : io_(io),
      clock_(clock),
      worker_(std::move(worker)),
      directories_(std::move(directories)),
      handlers_(std::move(handlers)) {
    follow_mounts(); // first, so that no mount falls in between
    look_if_due();
}

void SourceWatch::watch(std::vector<std::filesystem::path> directories) {
    directories_ = std::move(directories);
    anew_due_ = true;
    missed_ = missed_ || looking_; // a reading may overtake it
    look_if_due();
}

// inotify does not tell when something is mounted over a directory.
void SourceWatch::follow_mounts() {
    auto mounts = MountTable::watch(io_, [this] {
        mounts_due_ = true;
        look_if_due();
    });
    if (mounts)
        mounts_ = std::move(mounts).value();
    else
        spdlog::warn("mounts over sources are seen later: {}", describe(mounts.error()));
}

// One look at a time: what comes meanwhile is seen by the next one.
void SourceWatch::look_if_due() {
    if (looking_)
        return;
    if (auto look = next_look())
        start(std::move(look));
}

SourceWatch::Look SourceWatch::next_look() {
    if (std::exchange(anew_due_, false)) {
        again_.reset();
        events_due_ = false;
        bool const mounted = std::exchange(mounts_due_, false);
        return [directories = directories_, at = at_, before = watcher_, mounted]() -> Seen {
            auto made = repository::Watcher::create(directories, [at](auto const& directory) {
                at->set(directory.string());
            });
            // What the one so far has to tell goes with it.
            bool const untold = mounted || (before && before->changed());
            if (!made)
                return {.watcher = before, .problem = made.error(), .changed = untold};
            auto const watcher = std::make_shared<repository::Watcher>(std::move(made).value());
            return {.watcher = watcher, .problem = watcher->problem(), .changed = untold};
        };
    }
    if (!watcher_)
        return {};
    if (std::exchange(mounts_due_, false))
        return [watcher = watcher_]() -> Seen {
            bool const elsewhere = watcher->leads_elsewhere();
            return {.watcher = watcher, .problem = watcher->problem(), .changed = elsewhere};
        };
    if (std::exchange(events_due_, false))
        return [watcher = watcher_]() -> Seen {
            bool const changed = watcher->changed();
            return {.watcher = watcher, .problem = watcher->problem(), .changed = changed};
        };
    return {};
}

void SourceWatch::start(Look look) {
    looking_ = true;
    late_ = clock_.alarm(clock_.now() + patience, [this] {
        auto const at = at_->get();
        handlers_.complain(
            {(at.empty() ? "the worker of the sources" : at) + " has not answered for " +
             std::to_string(patience.count()) +
             " s: changes of the sources are seen when it does; look after the file system it lies "
             "on, or take it out of repos.d and restart livepatchd"}
        );
    });
    worker_.run(std::move(look), [this](Seen result) { seen(std::move(result)); });
}

void SourceWatch::seen(Seen seen) {
    looking_ = false;
    late_.reset();
    at_->set({});
    bool const replaced = seen.watcher != watcher_;
    if (replaced)
        readable_.reset();
    watcher_ = std::move(seen.watcher);
    bool const all_watched = watcher_ && !seen.problem;
    bool const changed = seen.changed || (missed_ && all_watched && !anew_due_);
    missed_ = (missed_ && (!changed || anew_due_)) || !all_watched;
    tell(seen.problem);
    spdlog::debug(changed ? "a source has changed" : "nothing of the sources has changed");
    if (changed)
        handlers_.changed();
    look_if_due();
    wait();
}

// Not while a look takes what is there away.
void SourceWatch::wait() {
    readable_.reset();
    if (looking_ || !watcher_)
        return;
    readable_.emplace(io_, watcher_->fd(), [this] {
        events_due_ = true;
        look_if_due();
        return false;
    });
}

// A problem of some directories only is told all the same.
void SourceWatch::tell(std::optional<base::Error> const& problem) {
    if (!problem) {
        again_.reset();
        delay_.reset();
        failing_ = false;
        return handlers_.complain({});
    }
    if (!std::exchange(failing_, true))
        spdlog::warn("sources are not watched: {}", describe(*problem));
    handlers_.complain({describe(*problem)});
    if (again_)
        return;
    again_ = clock_.alarm(clock_.now() + delay_.next(), [this] {
        anew_due_ = true;
        look_if_due();
    });
}

} // namespace livepatch::daemon
