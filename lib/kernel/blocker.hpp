// Why a task keeps a transition from ending, in words to act on: pure.
#pragma once

#include "kernel/livepatch_tree.hpp"
#include "kernel/tasks.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

enum class BlockerClass {
    kernel_thread,    // a kernel thread that sleeps in patched code and comes back to it for ever
    long_sleep,       // a user task that sleeps in patched code
    running,          // was on a CPU: switches when it returns to user space or goes idle
    unreliable_stack, // sleeps, but no patched function is on the stack it shows
    idle,             // an idle kernel thread, switched by the next round
};

std::string_view name(BlockerClass kind); // "kernel-thread", …

struct Blocker {
    BlockingTask task;
    std::string function; // the patched function on its stack, "" = none found, or stack not known
    BlockerClass kind = BlockerClass::running;
    std::string advice; // one sentence for people
};

// `patched` are the objects of the patch in transition.
Blocker explain(BlockingTask task, std::vector<ObservedObject> const& patched);

} // namespace livepatch::kernel
