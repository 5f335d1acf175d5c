// The directory of a repository: metadata/ and targets/, which are published, and .lprepo/, which
// is the publisher's own.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "publish/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace livepatch::publish {

class Tree {
public:
    // Makes what is missing. conflict: there is a repository already.
    static base::Result<Tree> create(std::filesystem::path const& directory, Settings settings);

    // not_found: there is none. busy: another lprepo is at work on it.
    static base::Result<Tree> open(std::filesystem::path const& directory);

    std::filesystem::path const& directory() const { return directory_; }

    Settings const& settings() const { return settings_; }

    // Absolute.
    std::filesystem::path keys() const;

    std::filesystem::path metadata(std::string const& file) const;
    std::filesystem::path targets(std::string const& path) const;
    std::filesystem::path draft(std::string const& path) const;

    // 0 = none.
    base::Result<std::int64_t> newest_root() const;

    // Replaces the file as a whole, durably; makes the directories above it.
    static base::Result<void> write(std::filesystem::path const& file, std::string_view bytes);

    // Nothing = there is no such file.
    static base::Result<std::optional<std::string>> read(std::filesystem::path const& file);

    static base::Result<void> remove(std::filesystem::path const& file);

private:
    Tree(std::filesystem::path directory, Settings settings, base::UniqueFd lock);

    std::filesystem::path directory_; // absolute
    Settings settings_;
    base::UniqueFd lock_;
};

// Where `init` puts private keys unless told otherwise: beside the repository, not in it, so that
// what is copied to a web server holds none.
std::filesystem::path default_keys(std::filesystem::path const& directory);

} // namespace livepatch::publish
