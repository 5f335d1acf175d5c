// A repository's root.json, as far as an administrator wants to see it before he believes it.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace livepatch::lpctl {

struct TrustedRoot {
    std::string bytes;
    std::string fingerprint; // SHA-256 of the file
    std::uint64_t version = 0;
    std::string expires;
    std::size_t keys = 0; // of the role "root"
    std::uint64_t threshold = 0;
};

// verification_failed: it is no root.json, or nobody could ever sign for it. Whether its signatures
// hold is for the daemon to say.
base::Result<TrustedRoot> read_trusted_root(std::filesystem::path const& path);

} // namespace livepatch::lpctl
