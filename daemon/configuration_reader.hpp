// The files of the configuration, each by itself: pure.
#pragma once

#include "base/error.hpp"
#include "configuration.hpp"
#include "repository/source.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::daemon {

// livepatchd.toml or a drop-in: changes what it names. The problems, none when all is well; each
// names file and line.
std::vector<base::Error> read_main_file(
    std::string_view text, std::filesystem::path const& file, Configuration& configuration
);

struct SourceReading {
    std::optional<repository::Source> source; // nothing when it is disabled or unusable
    std::vector<base::Error> problems;
};

// A file of repos.d; `release` is for %r in paths, `mirrors` the directory of the mirrors of
// repositories that are elsewhere.
SourceReading read_source_file(
    std::string_view text,
    std::filesystem::path const& file,
    std::string const& release,
    std::filesystem::path const& mirrors = "/var/lib/livepatchd/mirror"
);

} // namespace livepatch::daemon
