// The struct klp_patch of a livepatch written by hand, read out of the module's data.
#pragma once

#include "module/elf.hpp"
#include "module/patched_objects.hpp"

#include <optional>
#include <string_view>

namespace livepatch::module {

struct StaticPatch {
    ObjectList objects;
    Replace replace = Replace::unknown;
};

// Nothing unless there is exactly one such structure and all of it is as include/linux/livepatch.h
// has it. `release` is the kernel that the module was built for.
//
// `replace` decides whether loading the module throws out what others loaded, so a wrong "no" does
// harm, while "unknown" is treated as "yes". The byte in the file alone proves nothing: the
// kernel's own test_klp_atomic_replace.c sets it at run time from a module parameter. It is told
// only when nothing can have changed it: the module calls klp_enable_patch in one place, nothing in
// it refers to the structure but the instruction that loads its address for this very call, and
// between the two no memory is written. See enabled_as_it_is() in static_patch_call.cpp; this is
// proven for x86-64 only.
std::optional<StaticPatch> find_static_patch(Elf const& elf, std::string_view release);

} // namespace livepatch::module
