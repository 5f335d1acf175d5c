// How much of everything a repository may make us read. Whoever can answer in its place may try.
#pragma once

#include <cstddef>
#include <cstdint>

namespace livepatch::trust::tuf {

struct Limits {
    std::size_t root = std::size_t{512} * 1024;
    std::size_t timestamp = std::size_t{16} * 1024;
    std::size_t snapshot = std::size_t{2} * 1024 * 1024;
    std::size_t targets = std::size_t{8} * 1024 * 1024; // of each role
    std::int64_t new_roots = 256;                       // in one refresh
    std::size_t visited_roles = 32;                     // in the search for one target
};

// What bounds the memory that parsing takes; 10,000 targets have about 60,000 values.
inline constexpr std::size_t most_json_values = std::size_t{256} * 1024;

// Role names become file names, of 255 bytes at most, and each byte of them may become three.
inline constexpr std::size_t longest_role_name = 80;
inline constexpr std::size_t longest_target_path = 1024;

// So that a version has a next one, and every reader of JSON the same.
inline constexpr std::int64_t largest_number = (std::int64_t{1} << 53) - 1;

} // namespace livepatch::trust::tuf
