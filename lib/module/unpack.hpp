// A module file as the kernel wants it: uncompressed, and in memory that nobody can change.
#pragma once

#include "base/result.hpp"
#include "base/sealed_file.hpp"

#include <cstddef>
#include <string>

namespace livepatch::module {

inline constexpr std::size_t max_module_size = std::size_t{64} * 1024 * 1024;

// Reads `fd` from its start and leaves its position alone; xz, zstd and gzip are known by their
// magic, not by the file's name, and unpacked on the way. Memory beyond the output is bounded
// whatever the file says.
//
// Refused (verification_failed): what is no regular file, is empty, is longer than `limit` bytes or
// unpacks to more, is damaged or cut off, or has anything but further streams of its kind behind
// it. A file that cannot be read is `failed`.
base::Result<base::SealedFile>
unpack(int fd, std::string const& subject, std::size_t limit = max_module_size);

} // namespace livepatch::module
