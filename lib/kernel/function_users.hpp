// Who else has hooked a function: ftrace's users and kprobes.
#pragma once

#include "base/result.hpp"
#include "kernel/function_name.hpp"
#include "kernel/root.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace livepatch::kernel {

// A line of tracefs' enabled_functions.
struct TracedFunction {
    FunctionName function;
    // Somebody decides where the call goes (FTRACE_FL_IPMODIFY): a livepatch, or a kprobe with a
    // post handler. There can be only one.
    bool redirected = false;
    bool direct = false; // a trampoline of its own is called (FTRACE_FL_DIRECT): BPF programs
};

base::Result<std::vector<TracedFunction>>
traced_functions(Root const& root, FunctionNames const& wanted);

// A line of debugfs' kprobes/list.
struct Probe {
    FunctionName function;
    std::uint64_t offset = 0;
    bool on_return = false;
    bool by_ftrace = false; // at the function's entry, in the place of a breakpoint
    bool acts = true;       // neither switched off nor of code that is gone

    // "kprobe at FUNCTION+0xOFFSET"
    std::string words() const;
};

base::Result<std::vector<Probe>> probes(Root const& root, FunctionNames const& wanted);

} // namespace livepatch::kernel
