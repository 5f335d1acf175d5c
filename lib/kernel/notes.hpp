// ELF notes as the kernel shows them in /sys/kernel/notes and /sys/module/X/notes/.
#pragma once

#include <string>
#include <string_view>

namespace livepatch::kernel {

// The GNU build-id among concatenated notes of this machine's byte order, lower-case hex; "" when
// there is none before the end or the first malformed note.
std::string build_id(std::string_view notes);

} // namespace livepatch::kernel
