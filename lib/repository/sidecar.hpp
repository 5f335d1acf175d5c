// The catalogue entry beside a bare module: NAME.ko.json for NAME.ko and for its compressed forms.
#pragma once

#include "base/result.hpp"
#include "repository/patch_entry.hpp"

#include <cstddef>
#include <string_view>

namespace livepatch::repository {

inline constexpr std::size_t max_sidecar_size = std::size_t{256} * 1024;

struct Sidecar {
    PatchEntry patch;
    KernelEntry kernel; // with the builds of its target "vmlinux" as the kernel's
};

// The entry of a catalogue (livepatchd-repos(5)), with the kernel in it. Unknown keys are ignored;
// a key that is known and is not of its form, a missing "id", and what flat_json.hpp refuses:
// verification_failed, naming `subject` and the key.
base::Result<Sidecar> parse_sidecar(std::string_view text, std::string_view subject);

} // namespace livepatch::repository
