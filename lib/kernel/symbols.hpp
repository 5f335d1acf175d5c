// Which functions the running kernel has, and which of them it can livepatch.
#pragma once

#include "base/result.hpp"
#include "kernel/function_name.hpp"
#include "kernel/root.hpp"

#include <map>

namespace livepatch::kernel {

// How many there are of each name; what is not there has no entry.
using FunctionCounts = std::map<FunctionName, unsigned>;

// By /proc/kallsyms, or where a sandbox hides that by what its unit puts into /run/livepatchd, as
// the kernel counts them for a livepatch: every symbol of the name, of whatever kind, in the order
// of the file (kernel/livepatch/core.c: klp_find_object_symbol).
base::Result<FunctionCounts> count_symbols(Root const& root, FunctionNames const& wanted);

// By tracefs, available_filter_functions: those that ftrace can hook.
base::Result<FunctionCounts> count_traceable(Root const& root, FunctionNames const& wanted);

} // namespace livepatch::kernel
