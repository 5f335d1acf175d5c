// A module file in memory, hashed once for both who ask: the catalogue, for all of it, and its
// signature, for what is before it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace livepatch::trust {

// Hashing is nearly all that verification costs. The bytes must stay as they are: sealed.
class HashedModule {
public:
    explicit HashedModule(std::span<std::byte const> file);

    std::span<std::byte const> bytes() const { return bytes_; }

    std::string const& sha256() const { return sha256_; } // lower-case hex

    // Of the signed content, not as text; empty when the file has no well-formed trailer.
    std::span<unsigned char const> content_sha256() const { return content_sha256_; }

private:
    std::span<std::byte const> bytes_;
    std::string sha256_;
    std::vector<unsigned char> content_sha256_;
};

} // namespace livepatch::trust
