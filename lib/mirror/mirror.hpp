// A copy of a repository, or of the part of it that is wanted, verified on the way.
#pragma once

#include "base/result.hpp"
#include "mirror/mirror_tree.hpp"
#include "mirror/resuming_source.hpp"
#include "trust/tuf/client.hpp"
#include "trust/tuf/signed_root.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace livepatch::mirror {

// First refreshed(), then fetch() for what is wanted, then publish(). Killed in between, readers of
// the mirror see the state before, and what was fetched is not fetched again.
class Mirror {
public:
    struct With {
        HttpSource& web;          // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
        trust::tuf::Store& store; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
        MirrorTree tree;
        trust::tuf::Time now;
        // How many bytes of it there may be in all: what was signed may be endless, too.
        std::uint64_t max_size = std::numeric_limits<std::uint64_t>::max();
    };

    // How much of a target is there.
    using Progress = std::function<void(std::uint64_t bytes)>;

    // The errors are those of trust::tuf::Client.
    static base::Result<std::unique_ptr<Mirror>> refreshed(trust::tuf::Document anchor, With with);

    trust::tuf::Client& client() { return *client_; }

    // Brings the target into the tree, unless it is there and undamaged. A copy that turns out not
    // to be what was signed is fetched once more, from its start. limits_exceeded: there is no room
    // for it.
    base::Result<void> fetch(trust::tuf::Target const& target, Progress const& progress = {});

    // The same, and what is in it.
    base::Result<std::string> read(trust::tuf::Target const& target);

    // Whether fetch() would find room for it.
    bool has_room_for(trust::tuf::Target const& target) const;

    // Its place in the tree.
    base::Result<std::filesystem::path> path_of(trust::tuf::Target const& target) const;

    // Shows what was fetched: metadata, with timestamp.json last, which is written only when there
    // is something new for whoever reads the mirror. Whether there was.
    base::Result<bool> publish();

    // After that: the targets that were not asked for by fetch() go, and parts. Returns them, as
    // they were called in the tree.
    base::Result<std::vector<std::string>> remove_others();

    // Metadata of before goes, too, but for the roots. A mirror that many hosts read keeps it, for
    // those who are in the middle of it.
    base::Result<void> forget_old_metadata();

    std::uint64_t files_fetched() const { return files_fetched_; }

private:
    explicit Mirror(With with, trust::tuf::SignedRoot anchor);

    base::Result<std::string> file_of(trust::tuf::Target const& target) const;
    base::Result<void> take_room_for_metadata();
    base::Result<void> take_room(std::uint64_t bytes, std::string const& subject);
    base::Result<void> fetch_part(trust::tuf::Target const& target, Progress const& progress);
    base::Result<void> write(std::string const& file, std::string_view bytes);
    base::Result<void> write_roots();
    base::Result<trust::tuf::SignedRoot>
    next_root(trust::tuf::SignedRoot const& root, std::int64_t version);
    std::optional<trust::tuf::Document>
    accepted(std::string const& role, trust::tuf::Reference const& reference) const;
    base::Result<void> write_role(std::string const& role, trust::tuf::Reference const& reference);
    base::Result<void> write_all_metadata();
    base::Result<void> write_timestamp();

    bool is_consistent() const { return client_->root().consistent_snapshot; }

    With with_;
    ResumingSource source_;
    trust::tuf::SignedRoot anchor_;
    std::unique_ptr<trust::tuf::Client> client_;
    std::set<std::string> wanted_;
    std::set<std::string> metadata_; // that the repository has now
    std::uint64_t size_ = 0;         // of all of it
    std::uint64_t files_fetched_ = 0;
    bool is_news_ = false;
};

} // namespace livepatch::mirror
