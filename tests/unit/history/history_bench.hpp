// A history on a disk of one's own, and the events for it.
#pragma once

#include "history/database.hpp"
#include "history/recorder.hpp"
#include "support/simulated_clock.hpp"
#include "support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <vector>

namespace livepatch::support {

inline report::Event an_event(std::string const& patch, report::Time time) {
    return {
        .kind = report::EventKind::held,
        .time = time,
        .patch = patch,
        .id = "id-" + patch,
        .sha256 = std::string(64, 'a'),
        .message = patch + ": held by an administrator"};
}

inline std::vector<std::string> patches(std::vector<report::Event> const& events) {
    std::vector<std::string> names;
    for (auto const& event : events)
        names.push_back(event.patch);
    return names;
}

// Another program's connection.
class OtherProgram {
public:
    explicit OtherProgram(std::filesystem::path const& path) {
        ::sqlite3_open(path.c_str(), &connection_);
    }

    OtherProgram(OtherProgram const&) = delete;
    OtherProgram& operator=(OtherProgram const&) = delete;

    ~OtherProgram() { ::sqlite3_close(connection_); }

    bool run(std::string const& sql) {
        return ::sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    }

    // Of the first row.
    std::string ask(std::string const& sql) {
        std::string value;
        auto const keep = [](void* to, int, char** values, char**) {
            *static_cast<std::string*>(to) = values[0] == nullptr ? "NULL" : values[0];
            return 0;
        };
        ::sqlite3_exec(connection_, sql.c_str(), keep, &value, nullptr);
        return value;
    }

private:
    sqlite3* connection_ = nullptr;
};

// A recorder, driven step by step.
struct HistoryBench {
    TemporaryDirectory directory;
    SimulatedClock clock;
    boost::asio::io_context loop{1};
    boost::asio::io_context disk{1};
    history::Database database{path()};
    std::map<std::string, std::string> complaints; // by code, those that stand
    history::Recorder recorder{
        {.clock = clock,
         .worker = {disk.get_executor(), loop.get_executor()},
         .database = database,
         .complain = [this](std::string const& code, std::vector<std::string> const& words) {
             if (words.empty())
                 complaints.erase(code);
             else
                 complaints[code] = words.front();
         }}};

    std::filesystem::path path() const { return directory.path() / "history.db"; }

    void run() {
        auto const poll = [](boost::asio::io_context& context) {
            context.restart();
            return context.poll();
        };
        while (poll(loop) + poll(disk) != 0)
            ;
    }

    void advance(std::chrono::milliseconds duration) {
        auto const until = clock.now() + duration;
        for (auto next = clock.next(); next && *next <= until; next = clock.next()) {
            clock.advance_to(*next);
            run();
        }
        clock.advance_to(until);
        run();
    }

    void record(std::string const& patch) {
        recorder.record(an_event(patch, clock.wall()));
        run();
    }

    std::optional<base::Result<std::vector<report::Event>>> ask(history::Query const& query = {}) {
        std::optional<base::Result<std::vector<report::Event>>> answer;
        recorder.read(query, [&](auto const& events) { answer = events; });
        run();
        return answer;
    }

    std::vector<std::string> recorded(history::Query const& query = {}) {
        return patches(ask(query).value().value());
    }
};

} // namespace livepatch::support
