// A module file as the kernel wants it: uncompressed, and in memory that nobody can change.
#pragma once

#include "base/result.hpp"
#include "base/sealed_file.hpp"

#include <cstddef>
#include <string>

namespace livepatch::module {

inline constexpr std::size_t max_module_size = std::size_t{64} * 1024 * 1024;

// Reads `fd` from its start; xz, zstd and gzip are known by their magic, not by the file's name,
// and unpacked on the way. Neither input nor output may be longer than `limit` bytes, and memory
// beyond the output is bounded whatever the file says.
base::Result<base::SealedFile>
unpack(int fd, std::string subject, std::size_t limit = max_module_size);

} // namespace livepatch::module
