// Which tasks a transition waits for: at most one scan a second, shared by all who ask.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker.hpp"
#include "kernel/tasks.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::engine {

class BlockerWatch {
public:
    // One for all who asked while it was the newest.
    using Scan = std::shared_ptr<kernel::TaskScan const>;
    using Done = std::function<void(base::Result<Scan>)>;

    static constexpr std::chrono::milliseconds interval{1000};
    // Most transitions are over by then. A look at all tasks, for which systemd starts a process,
    // would only keep the processors from them.
    static constexpr std::chrono::milliseconds patience{2000};

    // `scanner` is used on `worker`. Must outlive what is queued there.
    BlockerWatch(base::Clock& clock, base::Worker worker, kernel::TaskScanner& scanner);

    // A transition of `patch` towards `target` (1 patched, 0 unpatched) is under way. What was
    // found for another one is forgotten.
    void follow(std::string const& patch, int target);
    void rest(); // none is

    // The newest scan if it is younger than the interval, else the next one.
    void request(Done done);

    // Scans if the last one is older than the interval, and the transition than the patience;
    // `scanned` is called when there is news.
    void refresh(std::function<void()> scanned);

    std::uint32_t tasks_remaining() const;  // by the last scan; 0 before the first
    kernel::TaskScan const* newest() const; // nullptr = there is none of this transition

    // How many tasks the last scan could not look at, and why: they may block as well. "" = none.
    std::string unseen() const;

private:
    struct Subject {
        std::string patch;
        int target = 1;
        bool operator==(Subject const&) const = default;
    };

    bool is_fresh() const;
    void scan();
    void take(Subject const& subject, base::Result<kernel::TaskScan> result);
    void answer(base::Result<Scan> const& result);

    base::Clock& clock_;
    base::Worker worker_;
    kernel::TaskScanner& scanner_;
    std::optional<Subject> subject_;
    base::Clock::Monotonic since_{}; // when its patch began to move
    std::optional<base::Result<Scan>> last_;
    base::Clock::Monotonic last_at_{};
    bool scanning_ = false;
    std::vector<Done> waiting_;
};

} // namespace livepatch::engine
