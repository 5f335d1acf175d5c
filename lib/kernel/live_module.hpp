// Whether a module is there for others to use.
#pragma once

#include "kernel/root.hpp"

#include <string_view>

namespace livepatch::kernel {

// Live, or builtin: then there is a directory without an initstate, if there is one at all; but
// what is builtin is not in `depends` (scripts/mod/modpost.c: add_depends).
bool is_live(Root const& root, std::string_view module);

} // namespace livepatch::kernel
