// Whether a static structure reaches klp_enable_patch as it stands in the file.
#pragma once

#include "module/elf.hpp"
#include "module/variables.hpp"

namespace livepatch::module {

// True only when it can be proven; see static_patch.hpp.
bool enabled_as_it_is(Elf const& elf, Extent const& patch);

} // namespace livepatch::module
