// What the kernel prints when something is wrong with it: a warning, an oops, a lockup, and the
// stack on which it happened. Only what follows the grammar of these reports counts; whatever else
// a line may hold (a task's name is free text) is no part of it.
//
// arch/x86/kernel/dumpstack.c (show_regs_print_info, show_trace_log_lvl), kernel/panic.c (__warn),
// lib/bug.c, arch/x86/mm/fault.c, kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h.
#pragma once

#include "kernel/kernel_log.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

enum class TraceKind {
    warning, // WARN(): the kernel goes on
    bug,     // BUG(), or an oops that is one: "kernel BUG at", "BUG: scheduling while atomic"
    oops,    // a fault in the kernel, or its panic
    lockup,  // soft or hard lockup, RCU stall
    hung,    // a task that sleeps uninterruptibly for minutes
};

std::string_view name(TraceKind kind); // "warn", "bug", "oops", "lockup", "hung-task"

struct Frame {
    std::string function;
    std::string module;   // "" = of vmlinux
    bool reliable = true; // false: the unwinder found it on the stack, and it may be old ("? ")
};

struct Trace {
    std::uint64_t number = 0;   // grows by one with each trace of a reader
    std::uint64_t sequence = 0; // of its first line
    TraceKind kind = TraceKind::warning;
    // Where it happened: the instruction pointer's, or of a sleeping task the innermost frame.
    // Nothing before such a line has been seen.
    std::vector<Frame> frames;      // innermost first; that of the instruction pointer among them
    std::vector<std::string> lines; // as the kernel wrote them, the first ones
    bool complete = false;          // its stack has been seen to its end
};

// Whether the trace puts the blame on the module: a warning, a hung task or a lockup only if it
// happened in the module's own code (the innermost frame), what ends a task or the machine also if
// the module called what failed. Frames that are not reliable never count.
bool blames(Trace const& trace, std::string_view module);

// Puts lines together to traces. Reports of two processors may be mixed; then what cannot be told
// apart ends early, and blames nobody.
class TraceReader {
public:
    // The trace that this line belongs to, if it says something new of it; nullptr otherwise. Valid
    // until the next call. Where sequence numbers are missing lines are: what comes behind the gap
    // does not belong to what came before. Lines of a crash record all have the number 0.
    Trace const* read(KernelLine const& line);

    // Records were lost: what comes next does not belong to what came before.
    void interrupt() { open_ = false; }

    // The trace that is being printed, as far as it is known; nullptr = none, or nothing of it is
    // missing.
    Trace const* unfinished() const { return open_ && !trace_.complete ? &trace_ : nullptr; }

private:
    void begin(TraceKind kind, KernelLine const& line);
    bool continue_with(std::string_view text);

    Trace trace_;
    bool open_ = false;
    bool in_stack_ = false; // between "Call Trace:" and its end
    bool stack_seen_ = false;
    unsigned lines_ = 0;
    std::uint64_t last_ = 0; // sequence
};

} // namespace livepatch::kernel
