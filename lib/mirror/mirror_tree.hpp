// The tree of a mirror: what a repository has, as far as it was fetched.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/targets.hpp"

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::mirror {

// metadata/ and targets/ as in the repository; files that are on their way lie in .part/.
class MirrorTree {
public:
    explicit MirrorTree(std::filesystem::path root) : root_(std::move(root)) {}

    std::filesystem::path const& root() const { return root_; }

    bool has_metadata(std::string const& file) const;
    bool metadata_is(std::string const& file, std::string_view bytes) const;
    bool
    metadata_is(std::string const& file, trust::tuf::ContentDescription const& description) const;
    base::Result<void> write_metadata(std::string const& file, std::string_view bytes) const;

    // Whether it is there with the content that was signed: reads all of it. `file`: as
    // trust::tuf::target_file_name calls it.
    bool is_target(std::string const& file, trust::tuf::Target const& target) const;

    // Where a target is put together; named by its hash, so that a later try goes on with it.
    std::filesystem::path part(trust::tuf::Target const& target) const;

    base::Result<void> prepare() const;

    // Roots of versions above this one go: they are of a repository that was there before under
    // the same name, and a reader would try to go on to them.
    base::Result<void> forget_roots_above(std::int64_t version) const;

    // Whether a target has come since this file of the metadata was written.
    bool has_target_newer_than(std::string const& metadata) const;

    // The part becomes the target.
    base::Result<void> complete(trust::tuf::Target const& target, std::string const& file) const;

    // All but these go, parts and empty directories, too; returns the targets that did.
    base::Result<std::vector<std::string>> keep_targets(std::set<std::string> const& files) const;

    // All but these and the roots go.
    base::Result<void> keep_metadata(std::set<std::string> const& files) const;

    // Of the files that are counted when room is made for them: not the roots, the timestamp and
    // what is not whole yet.
    std::uint64_t size() const;

private:
    std::filesystem::path root_;
};

} // namespace livepatch::mirror
