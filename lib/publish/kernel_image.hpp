// Which build a kernel is.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>

namespace livepatch::publish {

// The GNU build-id, in lower-case hex, out of an ELF file (vmlinux) or out of bare notes, as
// /sys/kernel/notes of a host shows them. verification_failed: neither, or without a build-id.
base::Result<std::string> kernel_build_id(std::filesystem::path const& file);

} // namespace livepatch::publish
