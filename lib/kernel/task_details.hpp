// What is known of one task, read only when it blocks a transition.
#pragma once

#include "kernel/tasks.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

// Fills in everything but pid and tid from the files in the task's directory. What cannot be read
// stays as it was: the task may end at any moment, and not everybody may see everything.
void read_details(int directory, BlockingTask& blocker);

// The pieces of it, for tests.

// From /proc/PID/stat: state and kthread. The name in it may contain anything, also ") R".
void parse_stat(std::string_view stat, BlockingTask& blocker);

// The kernel's functions, "func+0x1/0x2 [module]", innermost first.
std::vector<std::string> parse_stack(std::string_view stack);

} // namespace livepatch::kernel
