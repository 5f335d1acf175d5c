// What livepatchd and livepatch-tasks say to each other: one request and one answer a connection,
// each read to its end. Both sides treat the other's bytes as hostile: everything has a limit, and
// what is not exactly as written here is no message.
//
//   request  "target 0\n" or "target 1\n"
//   answer   "lptasks1" 'T' unreadable:4 omitted:4 count:4 task…   sorted by tid
//            "lptasks1" 'E' text                                   the scan failed
//   task     pid:4 tid:4 uid:4 state:1 kthread:1 text(comm) text(unit) text(container) text(wchan)
//            frames:1 text(frame)…
//   text     size:2 bytes, none of them 0
//
// Numbers are little-endian. There is one way to write a thing: what decode() takes, encode() gives
// back byte by byte.
#pragma once

#include "base/result.hpp"
#include "kernel/tasks.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace livepatch::tasks::wire {

inline constexpr std::size_t largest_request = 9;
inline constexpr std::size_t largest_answer = 4 * 1024 * 1024;
inline constexpr std::size_t most_tasks = 8192;
inline constexpr std::size_t longest_comm = 64;   // fs/proc/array.c: proc_task_name
inline constexpr std::size_t longest_name = 255;  // NAME_MAX: units and containers are cgroups
inline constexpr std::size_t longest_frame = 768; // include/linux/kallsyms.h: KSYM_SYMBOL_LEN
inline constexpr std::size_t most_frames = 64;    // fs/proc/base.c: MAX_STACK_TRACE_DEPTH
inline constexpr std::size_t longest_failure = 1024;
inline constexpr std::uint32_t largest_id =
    4 * 1024 * 1024; // include/linux/threads.h: PID_MAX_LIMIT

std::string request(int target);
std::optional<int> parse_request(std::string_view text); // the target

// Tasks beyond the limits are counted as omitted.
std::string encode(base::Result<kernel::TaskScan> const& scan);

// The error is the helper's, or says what is wrong with its answer.
base::Result<kernel::TaskScan> decode(std::string_view answer);

} // namespace livepatch::tasks::wire
