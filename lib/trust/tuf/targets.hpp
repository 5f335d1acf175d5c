// targets.json and what it delegates to: which files there are, and who else may say so.
#pragma once

#include "trust/tuf/content_check.hpp"
#include "trust/tuf/header.hpp"
#include "trust/tuf/quorum.hpp"

#include <map>
#include <vector>

namespace livepatch::trust::tuf {

// A file of the repository.
struct Target {
    std::string path;
    std::int64_t length = 0;
    Hashes hashes;
};

struct Delegation {
    std::string role;
    Quorum quorum;
    bool is_terminating = false; // where it speaks, nobody behind it is asked
    std::vector<std::string> paths;
    std::vector<std::string> path_hash_prefixes;

    bool covers(std::string const& path) const;
};

struct Targets {
    static constexpr std::string_view type = "targets";

    Header header;
    std::map<std::string, Target> targets; // by path
    std::vector<Delegation> delegations;   // in the order in which they are asked

    static Targets read(Fields const& content);
};

} // namespace livepatch::trust::tuf
