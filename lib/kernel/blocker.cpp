#include "kernel/blocker.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace livepatch::kernel {

namespace {

// "cmdline_proc_show" of "cmdline_proc_show+0x1a/0x30 [module]".
std::string_view function_of(std::string_view frame) {
    return frame.substr(0, frame.find('+'));
}

bool is_patched(std::string_view function, std::vector<ObservedObject> const& patched) {
    return std::any_of(patched.begin(), patched.end(), [&](auto const& object) {
        return std::any_of(
            object.functions.begin(),
            object.functions.end(),
            [&](auto const& candidate) { return candidate.name == function; }
        );
    });
}

std::string patched_function_on(
    std::vector<std::string> const& stack, std::vector<ObservedObject> const& patched
) {
    for (auto const& frame : stack)
        if (auto const function = function_of(frame); is_patched(function, patched))
            return std::string(function);
    return {};
}

BlockerClass classify(BlockingTask const& task, std::string const& function) {
    if (task.state == 'R')
        return BlockerClass::running;
    bool const stack_is_clean = !task.stack.empty() && function.empty();
    if (stack_is_clean)
        return task.state == 'I' ? BlockerClass::idle : BlockerClass::unreliable_stack;
    return task.kthread ? BlockerClass::kernel_thread : BlockerClass::long_sleep;
}

std::string subject(Blocker const& blocker) {
    if (!blocker.task.unit.empty())
        return "restart " + blocker.task.unit;
    if (!blocker.task.container.empty())
        return "restart container " + blocker.task.container;
    return "end process " + std::to_string(blocker.task.pid);
}

std::string advise(Blocker const& blocker) {
    switch (blocker.kind) {
    case BlockerClass::kernel_thread:
        return "a kernel thread sleeps in the patched code and will not leave it by itself: stop "
               "what it works for, or "
               "revert the patch";
    case BlockerClass::long_sleep:
        // The kernel sends its fake signal after 15 rounds of a second
        // (kernel/livepatch/transition.c: SIGNALS_TIMEOUT); it does not reach an uninterruptible
        // sleep.
        if (blocker.task.state == 'D')
            return "waits for a device or a lock and no signal reaches it: find out what it waits "
                   "for, or " +
                   subject(blocker) + " when that ends";
        return "the kernel wakes it within 15 s; if it stays, " + subject(blocker);
    case BlockerClass::running:
        return blocker.task.kthread
                   ? "a kernel thread that computes without a pause: stop what it works for"
                   : "it switches by itself as soon as it returns to user space";
    case BlockerClass::unreliable_stack:
        return "the kernel cannot read its stack reliably, or it left the patched code a moment "
               "ago: wait, then " +
               subject(blocker);
    case BlockerClass::idle:
        return "it switches by itself within seconds";
    }
    return {};
}

} // namespace

std::string_view name(BlockerClass kind) {
    static constexpr std::array<std::string_view, 5> words{
        "kernel-thread", "long-sleep", "running", "unreliable-stack", "idle"};
    return words.at(static_cast<std::size_t>(kind));
}

Blocker explain(BlockingTask task, std::vector<ObservedObject> const& patched) {
    Blocker blocker{.task = std::move(task), .function = {}, .advice = {}};
    blocker.function = patched_function_on(blocker.task.stack, patched);
    blocker.kind = classify(blocker.task, blocker.function);
    blocker.advice = advise(blocker);
    return blocker;
}

} // namespace livepatch::kernel
