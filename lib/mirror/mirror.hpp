// A copy of a repository, or of the part of it that is wanted, verified on the way.
#pragma once

#include "base/result.hpp"
#include "mirror/mirror_tree.hpp"
#include "mirror/resuming_source.hpp"
#include "trust/tuf/client.hpp"
#include "trust/tuf/signed_root.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

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
    };

    // The errors are those of trust::tuf::Client.
    static base::Result<std::unique_ptr<Mirror>> refreshed(trust::tuf::Document anchor, With with);

    trust::tuf::Client& client() { return *client_; }

    // Brings the target into the tree, unless it is there. A copy that turns out not to be what was
    // signed is fetched once more, from its start.
    base::Result<void> fetch(trust::tuf::Target const& target);

    // Its place in the tree.
    base::Result<std::filesystem::path> path_of(trust::tuf::Target const& target) const;

    // Shows what was fetched: metadata, with timestamp.json last. All targets that were not asked
    // for by fetch() go.
    base::Result<void> publish();

    std::uint64_t files_fetched() const { return files_fetched_; }

private:
    explicit Mirror(With with, trust::tuf::SignedRoot anchor);

    base::Result<std::string> file_of(trust::tuf::Target const& target) const;
    base::Result<void> fetch_part(trust::tuf::Target const& target);
    base::Result<void> write_roots();
    base::Result<trust::tuf::SignedRoot>
    next_root(trust::tuf::SignedRoot const& root, std::int64_t version);
    base::Result<void> write_role(std::string const& role, trust::tuf::Reference const& reference);
    base::Result<void> write_all_metadata();

    bool is_consistent() const { return client_->root().consistent_snapshot; }

    With with_;
    ResumingSource source_;
    trust::tuf::SignedRoot anchor_;
    std::unique_ptr<trust::tuf::Client> client_;
    std::set<std::string> wanted_;
    std::uint64_t files_fetched_ = 0;
};

} // namespace livepatch::mirror
