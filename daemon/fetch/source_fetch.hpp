// One repository: its servers in their order, and all of them again after a while.
#pragma once

#include "fetch/server_book.hpp"
#include "fetch/visit.hpp"
#include "fetch/voice.hpp"
#include "mirror/http_source.hpp"
#include "repository/host.hpp"
#include "repository/source.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::fetch {

// Who fetches, and how.
struct Fetcher {
    repository::Host host = {};
    std::vector<std::string> kernels = {}; // see Errand
    std::filesystem::path mirrors = "/var/lib/livepatchd/mirror";
    std::uint64_t max_size = 0; // of all mirrors together
    mirror::HttpSource::Patience patience = {};
    // After it what is here of a source is shown, and the next one's turn comes; the next run goes
    // on where this one was.
    std::chrono::seconds for_one_source{600};
    std::function<void(std::chrono::seconds)> sleep = {};
    // Waits as long as the daemon takes to read a mirror: what it reads now is removed only then.
    std::function<void()> let_readers_end = {};
    std::function<double()> chance = {}; // from 0 on, below 1; so that not all hosts try at once
};

class SourceFetch {
public:
    // `source` has a `web`. All of them must outlive it.
    SourceFetch(repository::Source const& source, Fetcher const& fetcher, Voice& voice);

    // Nothing: the mirror has all that this host may need. An error: it lacks something, or nothing
    // of any server could be taken, and what was there before is there still. busy: somebody else
    // is at it, or all servers want to be left alone.
    base::Result<void> run();

private:
    enum class IfIncomplete { leave, publish };

    base::Result<trust::tuf::Store> open_store();
    base::Result<void> fetch(trust::tuf::Store& store);
    bool visit_all(trust::tuf::Store& store);
    bool visit(std::string const& url, trust::tuf::Store& store, IfIncomplete if_incomplete);
    bool publish(Visit& visit);
    bool pause(int round);

    bool is_out_of_time() const { return std::chrono::steady_clock::now() >= until_; }

    void note(base::Error error);
    void rest(std::string const& url, mirror::HttpSource const& web);
    void remember_etag(
        std::string const& url, mirror::HttpSource const& web, trust::tuf::Store const& store
    );
    std::optional<Time> rests_until(std::string const& url) const;
    std::uint64_t room() const;

    Time now() const { return repository::time_of(fetcher_.host); }

    repository::Source const& source_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Fetcher const& fetcher_;           // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Voice& voice_;                     // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    ServerBook book_;
    Errand errand_;
    std::chrono::steady_clock::time_point until_; // no server is asked for more after it
    std::optional<base::Error> failure_;          // of this round, the one that tells most
    bool may_pass_ = false;                       // of this round, too
    bool is_hopeless_ = false;                    // no server could help
    std::string incomplete_at_;                   // the first server that lacked something
};

} // namespace livepatch::fetch
