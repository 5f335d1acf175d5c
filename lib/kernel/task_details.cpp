#include "kernel/task_details.hpp"

#include "base/text.hpp"
#include "kernel/cgroup.hpp"
#include "kernel/small_file.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

namespace livepatch::kernel {

namespace {

constexpr unsigned long kernel_thread = 0x00200000; // include/linux/sched.h: PF_KTHREAD

// The effective user, whose rights the task has: second number of "Uid:".
void parse_status(std::string_view status, BlockingTask& blocker) {
    constexpr std::string_view key = "\nUid:\t";
    auto const at = status.find(key);
    if (at == std::string_view::npos)
        return;
    auto const line = status.substr(at + key.size());
    auto const numbers = base::split(line.substr(0, line.find('\n')), '\t');
    if (numbers.size() < 2)
        return;
    std::from_chars(numbers[1].data(), numbers[1].data() + numbers[1].size(), blocker.uid);
}

} // namespace

void parse_stat(std::string_view stat, BlockingTask& blocker) {
    auto const name_end = stat.rfind(')');
    if (name_end == std::string_view::npos)
        return;
    // After the name: "", state, ppid, pgrp, session, tty, tpgid, flags
    auto const fields = base::split(base::trimmed(stat.substr(name_end + 1)), ' ');
    constexpr std::size_t flags_field = 6;
    if (fields.size() <= flags_field || fields[0].size() != 1)
        return;
    blocker.state = fields[0].front();
    unsigned long flags = 0;
    auto const text = fields[flags_field];
    std::from_chars(text.data(), text.data() + text.size(), flags);
    blocker.kthread = (flags & kernel_thread) != 0;
}

std::vector<std::string> parse_stack(std::string_view stack) {
    std::vector<std::string> frames;
    for (auto line : base::split(stack, '\n')) {
        // "[<0>] " since addresses are hidden, "[<ffffffff8106f3e0>] " before.
        if (line.starts_with("[<"))
            if (auto const end = line.find(">] "); end != std::string_view::npos)
                line.remove_prefix(end + 3);
        if (!line.empty() && !line.starts_with("0x")) // older kernels end with an address
            frames.emplace_back(line);
    }
    return frames;
}

void read_details(int directory, BlockingTask& blocker) {
    // Larger than any of them: a stack has 64 lines at most (fs/proc/base.c: MAX_STACK_TRACE_DEPTH)
    std::array<char, 16'384> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    auto const content = [&](char const* file) { return read_at(directory, file, buffer).text; };
    // The name is taken from here and not from stat, which escapes it.
    blocker.comm = without_newline(content("comm"));
    parse_stat(content("stat"), blocker);
    parse_status(content("status"), blocker);
    auto membership = kernel::membership(content("cgroup"));
    blocker.unit = std::move(membership.unit);
    blocker.container = std::move(membership.container);
    auto const wchan = without_newline(content("wchan"));
    blocker.wchan = wchan == "0" ? std::string_view() : wchan;
    blocker.stack = parse_stack(content("stack"));
}

} // namespace livepatch::kernel
