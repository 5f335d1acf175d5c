// What the kernel would answer to a load. For the .cpp files of this layer.
#pragma once

#include "preflight/errno_table.hpp"

#include <string>

namespace livepatch::preflight {

// In the words of the table. `line` is what it would say with it; it has not said anything yet.
base::Error
answer(std::string name, int os_error, std::string line = {}, Circumstances circumstances = {});

} // namespace livepatch::preflight
