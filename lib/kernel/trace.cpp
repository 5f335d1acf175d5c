#include "kernel/trace.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace livepatch::kernel {

namespace {

// A whole report has some 60 to 150 lines; what is longer is several.
constexpr unsigned most_lines = 400;
constexpr std::size_t most_kept_lines = 40;
constexpr std::size_t most_frames = 100;

bool is_symbol_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$';
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word))
        return false;
    text.remove_prefix(word.size());
    return true;
}

template <class Condition>
std::string_view take_while(std::string_view& text, Condition condition) {
    auto const end = std::find_if_not(text.begin(), text.end(), condition);
    auto const taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(taken.size());
    return taken;
}

bool take_hex(std::string_view& text) {
    return take(text, "0x") && !take_while(text, is_hex_digit).empty();
}

// " [MODULE]", in kernels with CONFIG_STACKTRACE_BUILD_ID " [MODULE BUILDID]"; or nothing.
bool take_module(std::string_view& text, std::string& module) {
    if (!take(text, " ["))
        return text.empty();
    module = take_while(text, [](char c) { return is_symbol_character(c) || c == '-'; });
    if (take(text, " "))
        take_while(text, is_hex_digit);
    return !module.empty() && text == "]";
}

// "FUNCTION+0xOFFSET/0xSIZE[ [MODULE]]" and nothing after it.
std::optional<Frame> parse_frame(std::string_view text, bool reliable) {
    Frame frame{.function = {}, .module = {}, .reliable = reliable};
    frame.function = take_while(text, is_symbol_character);
    if (frame.function.empty() || !take(text, "+") || !take_hex(text) || !take(text, "/") ||
        !take_hex(text) || !take_module(text, frame.module))
        return std::nullopt;
    return frame;
}

// A line of a call trace: a space, "? " where the unwinder does not vouch for it.
std::optional<Frame> parse_stack_line(std::string_view text) {
    if (!take(text, " "))
        return std::nullopt;
    bool const reliable = !take(text, "? ");
    return parse_frame(text, reliable);
}

// "RIP: 0010:FUNCTION+…": the code segment is the kernel's. Of user space it is 0033.
std::optional<Frame> parse_instruction_pointer(std::string_view text) {
    if (!take(text, "RIP: 0010:"))
        return std::nullopt;
    return parse_frame(text, true);
}

bool take_number(std::string_view& text) {
    return !take_while(text, [](char c) { return c >= '0' && c <= '9'; }).empty();
}

// "FILE:LINE", in which a space cannot be.
bool take_place(std::string_view& text) {
    auto place = take_while(text, [](char c) { return c > ' ' && c != '!'; });
    auto const colon = place.rfind(':');
    if (colon == 0 || colon == place.npos)
        return false;
    place.remove_prefix(colon + 1);
    return take_number(place) && place.empty();
}

// "WARNING: CPU: N PID: N at FILE:LINE FUNCTION+…", since 6.18 "WARNING: FILE:LINE at FUNCTION+…,
// CPU#N: COMM/PID". The frame is that of the function that warns.
std::optional<Frame> parse_warning(std::string_view text) {
    if (!take(text, "WARNING: "))
        return std::nullopt;
    if (take(text, "CPU: ")) {
        if (!take_number(text) || !take(text, " PID: ") || !take_number(text) ||
            !take(text, " at ") || !take_place(text) || !take(text, " "))
            return std::nullopt;
    } else {
        if (!take_place(text) || !take(text, " at "))
            return std::nullopt;
        text = text.substr(0, text.find(", CPU#"));
    }
    return parse_frame(text, true);
}

// "kernel BUG at FILE:LINE!"
bool is_bug(std::string_view text) {
    return take(text, "kernel BUG at ") && take_place(text) && text == "!";
}

// " PREEMPT SMP NOPTI", " PREEMPT(full)": what the kernel was built with. No line that begins with
// a task's name goes on in capitals only.
bool is_kernel_flags(std::string_view text) {
    auto const is_capital = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
    auto const is_small = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    while (!text.empty()) {
        if (!take(text, " ") || take_while(text, is_capital).empty())
            return false;
        if (take(text, "(") && (take_while(text, is_small).empty() || !take(text, ")")))
            return false;
    }
    return true;
}

// "0002 [#1]", and then the kernel's flags (arch/x86/kernel/dumpstack.c: __die_header).
bool is_die_count(std::string_view text) {
    return !take_while(text, is_hex_digit).empty() && take(text, " [#") && take_number(text) &&
           take(text, "]") && is_kernel_flags(text);
}

// What __die() was told, up to the count: each of these is longer than a task's name can be, or
// followed by the count at once.
bool is_oops(std::string_view text) {
    if (auto rest = text; take(rest, "Oops: ") && is_die_count(rest))
        return true;
    take(text, "Oops: "); // since 6.10 before the words as well
    for (std::string_view const words :
         {"BUG: kernel NULL pointer dereference, address: ",
          "BUG: unable to handle page fault for address: ",
          "BUG: stack guard page was hit at ",
          "general protection fault, probably for non-canonical address ",
          "general protection fault, maybe for address "})
        if (text.starts_with(words))
            return true;
    for (std::string_view const words :
         {"general protection fault: ",
          "divide error: ",
          "stack segment: ",
          "double fault: ",
          "int3: ",
          "invalid opcode: "}) {
        auto rest = text;
        if (take(rest, words) && is_die_count(rest))
            return true;
    }
    return false;
}

// What ends the machine, and prints the stack of who called it (kernel/panic.c).
bool is_panic(std::string_view text) {
    return text.starts_with("Kernel panic - not syncing: ");
}

bool is_lockup(std::string_view text) {
    for (std::string_view const words :
         {"watchdog: BUG: soft lockup - CPU#",
          "NMI watchdog: Watchdog detected hard LOCKUP on cpu ",
          "watchdog: Watchdog detected hard LOCKUP on cpu ",
          "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks",
          "rcu: INFO: rcu_sched detected stalls on CPUs/tasks",
          "rcu: INFO: rcu_preempt self-detected stall on CPU",
          "rcu: INFO: rcu_sched self-detected stall on CPU",
          "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks",
          "rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks"})
        if (text.starts_with(words))
            return true;
    return false;
}

// "INFO: task COMM:PID blocked for more than N seconds."
bool is_hung_task(std::string_view text) {
    constexpr std::string_view words = " blocked for more than ";
    auto const found = text.rfind(words);
    if (!text.starts_with("INFO: task ") || found == text.npos)
        return false;
    text.remove_prefix(found + words.size());
    return take_number(text) && text == " seconds.";
}

// A task's name is 15 characters of whatever its owner likes, and some lines of the kernel begin
// with it. None of these can be made that way.
std::optional<TraceKind> opening_of(std::string_view text) {
    if (parse_warning(text))
        return TraceKind::warning;
    if (is_bug(text) || text.starts_with("BUG: scheduling while atomic: ") ||
        text.starts_with("BUG: sleeping function called from invalid context at "))
        return TraceKind::bug;
    if (is_oops(text) || is_panic(text))
        return TraceKind::oops;
    if (is_lockup(text))
        return TraceKind::lockup;
    if (is_hung_task(text))
        return TraceKind::hung;
    return std::nullopt;
}

// What died is said before the line that counts it: "kernel BUG at …" and then "invalid opcode: …".
bool belongs_to(Trace const& open, std::string_view text) {
    bool const deadly = open.kind == TraceKind::oops || open.kind == TraceKind::bug;
    return deadly && open.frames.empty() && is_oops(text);
}

} // namespace

std::string_view name(TraceKind kind) {
    constexpr std::array<std::string_view, 5> words{"warn", "bug", "oops", "lockup", "hung-task"};
    return words.at(static_cast<std::size_t>(kind));
}

bool blames(Trace const& trace, std::string_view module) {
    auto const is_its = [&](Frame const& frame) {
        return frame.reliable && frame.module == module;
    };
    auto const& frames = trace.frames;
    if (trace.kind == TraceKind::oops || trace.kind == TraceKind::bug)
        return std::any_of(frames.begin(), frames.end(), is_its);
    return !frames.empty() && is_its(frames.front());
}

void TraceReader::begin(TraceKind kind, KernelLine const& line) {
    std::string_view const text = line.text;
    trace_ = {
        .number = trace_.number + 1,
        .sequence = line.sequence,
        .kind = kind,
        .frames = {},
        .lines = {}};
    open_ = true;
    in_stack_ = false;
    stack_seen_ = false;
    lines_ = 0;
    trace_.lines.emplace_back(text);
    if (kind == TraceKind::warning)
        if (auto frame = parse_warning(text))
            trace_.frames.push_back(std::move(*frame));
}

Trace const* TraceReader::read(KernelLine const& line) {
    if (line.sequence > last_ + 1)
        interrupt();
    last_ = std::max(last_, line.sequence);
    if (line.facility != 0) // written by a program
        return nullptr;
    std::string_view const text = line.text;
    auto const kind = opening_of(text);
    if (kind && !(open_ && belongs_to(trace_, text))) {
        begin(*kind, line);
        return &trace_;
    }
    if (!open_)
        return nullptr;
    if (++lines_ > most_lines) {
        open_ = false;
        return nullptr;
    }
    if (trace_.lines.size() < most_kept_lines)
        trace_.lines.emplace_back(text);
    return continue_with(text) ? &trace_ : nullptr;
}

bool TraceReader::continue_with(std::string_view text) {
    if (text.starts_with("---[ end trace ")) {
        open_ = false;
        return !std::exchange(trace_.complete, true);
    }
    if (text == "Call Trace:") {
        // One to a report: a second one is something else's, which nobody announced.
        open_ = !std::exchange(in_stack_, true) && !stack_seen_;
        stack_seen_ = true;
        return false;
    }
    if (text == " </TASK>") {
        in_stack_ = false;
        return !std::exchange(trace_.complete, true);
    }
    if (auto frame = parse_instruction_pointer(text)) {
        // Printed once more behind the trace of what interrupted something else: what comes first
        // is where it happened.
        bool const known =
            std::any_of(trace_.frames.begin(), trace_.frames.end(), [&](auto const& other) {
                return other.function == frame->function && other.module == frame->module;
            });
        if (known || stack_seen_)
            return false;
        trace_.frames.push_back(std::move(*frame));
        return true;
    }
    if (!in_stack_)
        return false;
    // "<TASK>", "<IRQ>", "</TASK>" and the registers of an interrupted frame stand between.
    auto frame = parse_stack_line(text);
    if (!frame || trace_.frames.size() == most_frames)
        return false;
    trace_.frames.push_back(std::move(*frame));
    return true;
}

} // namespace livepatch::kernel
