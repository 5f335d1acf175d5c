// The GNU build-id in a note section.
#pragma once

#include "module/bytes.hpp"

#include <string>

namespace livepatch::module {

// Lower-case hex of the first note "GNU" of type NT_GNU_BUILD_ID; "" when there is none.
std::string build_id(Bytes notes);

} // namespace livepatch::module
