// The way of events into the history: off the loop, and in bounded memory where the disk is full or
// the database is locked.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker.hpp"
#include "history/database.hpp"
#include "history/query.hpp"
#include "report/event.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::history {

// Belongs to the loop; must outlive what it queued on the worker. While nothing happens the
// database is closed, and nothing wakes anybody.
class Recorder {
public:
    struct Parts {
        base::Clock& clock;
        base::Worker worker;
        Database& database; // used on the worker only, until finish()
        // What an admin should know, by a code of its own; no words = nothing any more.
        std::function<void(std::string const& code, std::vector<std::string> words)> complain;
    };

    static constexpr std::chrono::seconds retry_after{10};
    static constexpr std::chrono::seconds close_after{10};
    static constexpr std::size_t most_waiting = std::size_t{1024} * 1024; // bytes

    explicit Recorder(Parts parts) : parts_(std::move(parts)) {}

    // Says at once whether the database can be written.
    void start() { write(); }

    // Of what is longer than any history needs a part is recorded. While the database cannot be
    // written events wait; those for which there is no room are counted, and the history says so
    // where they are missing.
    void record(report::Event event);

    // Newest first, with what still waits to be written.
    void
    read(Query const& query, std::function<void(base::Result<std::vector<report::Event>>)> done);

    void retain(Retention retention);

    // Writes what is left; blocks. Once the worker has ended, and last of all.
    base::Result<void> finish();

private:
    struct Batch {
        std::vector<report::Event> events;
        bool written = false;
    };

    struct Lost {
        std::size_t count = 0;
        report::Time first;
        report::Time last;
    };

    struct Written {
        base::Result<void> result;
        std::optional<std::string> damage;
    };

    void lose(report::Event const& event);
    std::optional<report::Event> told_loss();
    void put_back(std::vector<report::Event> events);
    void write();
    void written(Written const& outcome);
    void complain(base::Error const& error);
    void close_later();

    Parts parts_;
    std::deque<report::Event> waiting_; // oldest first
    std::size_t bytes_ = 0;             // of what waits or is being written
    std::shared_ptr<Batch> writing_;    // shared with the worker
    std::optional<Lost> lost_;          // since the database could be written
    std::unique_ptr<base::Alarm> again_;
    std::unique_ptr<base::Alarm> rest_;
};

} // namespace livepatch::history
