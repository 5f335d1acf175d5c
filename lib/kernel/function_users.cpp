#include "kernel/function_users.hpp"

#include "base/text.hpp"
#include "kernel/lines.hpp"
#include "kernel/tracefs.hpp"

#include <array>
#include <charconv>
#include <system_error>

namespace livepatch::kernel {

namespace {

std::uint64_t hexadecimal(std::string_view digits) {
    if (digits.starts_with("0x"))
        digits.remove_prefix(2);
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
    auto words = base::split(text, ' ');
    std::erase_if(words, [](auto word) { return word.empty(); });
    return words;
}

// "(1) R I D   \ttramp: …": the flags are single letters up to the first tabulator or arrow
// (kernel/trace/ftrace.c: t_show).
void read_flags(std::string_view text, TracedFunction& traced) {
    for (auto const word : words_of(text.substr(0, text.find('\t')))) {
        if (word.starts_with('('))
            continue;
        if (word.size() != 1)
            return;
        traced.redirected = traced.redirected || word == "I";
        traced.direct = traced.direct || word == "D";
    }
}

} // namespace

base::Result<std::vector<TracedFunction>>
traced_functions(Root const& root, FunctionNames const& wanted) {
    std::vector<TracedFunction> found;
    auto const path = tracefs(root) / "enabled_functions";
    auto const read = for_each_line(path, [&](std::string_view line) {
        auto const listed = listed_function(line);
        if (auto const* function = wanted.find(listed.object, listed.name)) {
            TracedFunction traced{.function = *function};
            read_flags(listed.rest, traced);
            found.push_back(std::move(traced));
        }
        return true;
    });
    if (!read)
        return read.error();
    return found;
}

std::string Probe::words() const {
    std::array<char, 17> digits{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), offset, 16).ptr;
    return std::string(on_return ? "kretprobe" : "kprobe") + " at " + function.name + "+0x" +
           std::string(digits.data(), end);
}

// "ADDRESS  k  NAME+0xOFFSET  MODULE [FTRACE]" (kernel/kprobes.c: report_probe).
base::Result<std::vector<Probe>> probes(Root const& root, FunctionNames const& wanted) {
    std::vector<Probe> found;
    auto const path = root.sys / "kernel/debug/kprobes/list";
    auto const read = for_each_line(path, [&](std::string_view line) {
        auto const words = words_of(line);
        if (words.size() < 3)
            return true;
        auto const plus = words[2].rfind('+');
        if (plus == std::string_view::npos)
            return true;
        bool const in_module = words.size() > 3 && !words[3].starts_with('[');
        auto const object = in_module ? words[3] : std::string_view("vmlinux");
        auto const* function = wanted.find(object, words[2].substr(0, plus));
        if (function == nullptr)
            return true;
        auto const has = [&](std::string_view mark) {
            return line.find(mark) != std::string_view::npos;
        };
        found.push_back(
            {.function = *function,
             .offset = hexadecimal(words[2].substr(plus + 1)),
             .on_return = words[1] == "r",
             .by_ftrace = has("[FTRACE]"),
             .acts = !has("[GONE]") && !has("[DISABLED]")}
        );
        return true;
    });
    if (!read)
        return read.error();
    return found;
}

} // namespace livepatch::kernel
