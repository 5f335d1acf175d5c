// Tells that a source may have changed. Looking at a source's path may block for as long as its
// file system likes, so only the worker of the sources does that.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/result.hpp"
#include "base/whereabouts.hpp"
#include "base/worker.hpp"
#include "mount_table.hpp"
#include "readable.hpp"
#include "repository/watcher.hpp"
#include "retry_delay.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::daemon {

// A hint to read again. It may fail: then that is said, it is tried again, and until then
// `lpctl refresh` and the reading every few minutes are what finds changes. Belongs to the loop;
// must outlive what it queued on the worker.
class SourceWatch {
public:
    struct Handlers {
        std::function<void()> changed;
        // What is wrong with it; no words = nothing any more.
        std::function<void(std::vector<std::string> words)> complain;
    };

    // After this time a look counts as one that does not end.
    static constexpr std::chrono::seconds patience{10};

    // A reading that is queued on the worker behind this, or behind watch(), misses nothing.
    SourceWatch(
        boost::asio::io_context& io,
        base::Clock& clock,
        base::Worker worker,
        std::vector<std::filesystem::path> directories,
        Handlers handlers
    );

    // Other directories in the place of those so far.
    void watch(std::vector<std::filesystem::path> directories);

private:
    // What a look is at.
    using At = std::shared_ptr<base::Whereabouts>;
    // On the worker while a look is under way, else on the loop.
    using Watched = std::shared_ptr<repository::Watcher>;

    struct Seen {
        Watched watcher = {};
        std::optional<base::Error> problem = {};
        bool changed = false;
    };

    using Look = std::function<Seen()>;

    void follow_mounts();
    void look_if_due();
    Look next_look();
    void start(Look look);
    void seen(Seen seen);
    void wait();
    void tell(std::optional<base::Error> const& problem);

    boost::asio::io_context& io_;
    base::Clock& clock_;
    base::Worker worker_;
    std::vector<std::filesystem::path> directories_;
    Handlers handlers_;

    At at_ = std::make_shared<base::Whereabouts>();
    Watched watcher_;
    std::optional<Readable> readable_; // of the watcher, so that it goes first
    std::unique_ptr<MountTable> mounts_;
    std::unique_ptr<base::Alarm> late_;
    std::unique_ptr<base::Alarm> again_;
    RetryDelay delay_;
    bool failing_ = false; // it was said in the journal
    bool looking_ = false;
    bool anew_due_ = true;    // other directories, or not all of them could be watched
    bool mounts_due_ = false; // something was mounted
    bool events_due_ = false; // the watcher is readable
    bool missed_ = false;     // there may have been changes that nobody saw
};

} // namespace livepatch::daemon
