// history.db: what happened, for whoever asks later. Nothing is decided by it, and no boot reads
// it.
#pragma once

#include "base/result.hpp"
#include "history/query.hpp"
#include "history/sqlite.hpp"
#include "report/event.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace livepatch::history {

struct Retention {
    std::chrono::seconds keep = std::chrono::hours(24) * 400;
    std::int64_t max_size = std::int64_t{64} * 1024 * 1024; // bytes; no less than least_size

    static constexpr std::int64_t least_size = std::int64_t{64} * 1024;
};

// Blocks, so it belongs on a worker; one thread at a time. It opens the file when it is needed, and
// again after each error: what stood in its way may be gone.
class Database {
public:
    // How long somebody else's lock is waited for. What could not be written is tried again later.
    static constexpr std::chrono::milliseconds patience{200};

    explicit Database(std::filesystem::path path, Retention retention = {});

    // All of them or none, on the disk when it returns; afterwards what is older or more than is to
    // be kept is gone, the oldest first. `now` tells what is old.
    base::Result<void> append(std::span<report::Event const> events, report::Time now);

    // Newest first.
    base::Result<std::vector<report::Event>> read(Query const& query);

    void retain(Retention retention) { retention_ = retention; }

    // A database that cannot be read is moved aside, to *.damaged, and a new one begun. For people,
    // as long as the old one lies there; nothing = it does not.
    std::optional<std::string> damage() const;

    // Gives back memory and descriptors, and leaves one file that holds everything.
    void close();

private:
    template <class T, class Work>
    base::Result<T> attempt(std::string_view what, Work work);
    int open();
    int set_up();
    int insert(std::span<report::Event const> events, report::Time now);
    int forget_the_old(report::Time now);
    int shrink();
    std::optional<base::Error> move_aside();

    std::filesystem::path path_;
    std::filesystem::path aside_;
    Retention retention_;
    std::optional<Connection> connection_;
};

// For a program that only reads, beside the daemon or without it. os_error tells ENOENT (there is
// no history) and EACCES. Nothing is changed or repaired.
base::Result<std::vector<report::Event>>
read_database(std::filesystem::path const& path, Query const& query);

} // namespace livepatch::history
