#include "kernel/kernel_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <fcntl.h>
#include <utility>

namespace livepatch::kernel {

namespace {

constexpr int reads_a_call = 1'000;

// A number of digits alone, then one of `end`, both taken off the text.
template <class Number>
bool take_number(std::string_view& text, Number& number, std::string_view end) {
    auto const stop = text.find_first_not_of("0123456789");
    if (stop == 0 || stop == std::string_view::npos || end.find(text[stop]) == end.npos)
        return false;
    if (std::from_chars(text.data(), text.data() + stop, number).ec != std::errc{})
        return false;
    text.remove_prefix(stop + 1);
    return true;
}

// The kernel escapes everything else (kernel/printk/printk.c: msg_add_ext_text).
bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

// Lines " KEY=value", or nothing.
bool is_structured_part(std::string_view text) {
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        if (!line.starts_with(' ') || !is_printable(line))
            return false;
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return true;
}

} // namespace

std::optional<KernelLine> parse_kernel_record(std::string_view record) {
    unsigned priority = 0;
    std::uint64_t microseconds = 0;
    KernelLine line;
    if (!take_number(record, priority, ",") || !take_number(record, line.sequence, ",") ||
        !take_number(record, microseconds, ","))
        return std::nullopt;
    // The facility is a byte (struct printk_info).
    constexpr unsigned highest_priority = 255U * 8 + 7;
    // Flags, and what later kernels append ("caller=T1"), end at the semicolon.
    auto const semicolon = record.find(';');
    if (priority > highest_priority || semicolon == 0 || semicolon == std::string_view::npos ||
        !is_printable(record.substr(0, semicolon)))
        return std::nullopt;
    record.remove_prefix(semicolon + 1);
    auto const text = record.substr(0, record.find('\n'));
    record.remove_prefix(std::min(text.size() + 1, record.size()));
    if (!is_printable(text) || !is_structured_part(record))
        return std::nullopt;
    line.level = static_cast<int>(priority & 7U);
    line.facility = static_cast<int>(priority >> 3U);
    line.text = text;
    return line;
}

bool concerns_livepatch(KernelLine const& line) {
    return line.facility == 0 && line.text.starts_with("livepatch: ");
}

std::string_view patch_coming_in(KernelLine const& line) {
    constexpr std::string_view before = "livepatch: enabling patch '";
    std::string_view name = line.text;
    if (line.facility != 0 || !name.starts_with(before) || !name.ends_with('\''))
        return {};
    name.remove_prefix(before.size());
    return name.empty() ? name : name.substr(0, name.size() - 1);
}

base::Result<KernelLog> KernelLog::open(Root const& root) {
    return open_at(root, SEEK_END);
}

base::Result<KernelLog> KernelLog::open(Root const& root, std::uint64_t from) {
    auto log = open_at(root, SEEK_SET);
    if (log)
        log->from_ = from;
    return log;
}

base::Result<KernelLog> KernelLog::open_at(Root const& root, int whence) {
    auto const path = root.dev / "kmsg";
    base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (!fd)
        return base::system_error(path.string(), "cannot open", errno);
    // A pipe in the place of the device (in tests) has no past to skip.
    if (::lseek(fd.get(), 0, whence) < 0 && errno != ESPIPE)
        return base::system_error(path.string(), "cannot seek", errno);
    return KernelLog(std::move(fd));
}

KernelLog::KernelLog(base::UniqueFd fd) : fd_(std::move(fd)) {}

void KernelLog::take(KernelLine line, Batch& batch) {
    if (line.sequence < from_)
        return;
    if (line.sequence > from_ && from_ != 0)
        batch.lost = true;
    from_ = 0;
    batch.lines.push_back(std::move(line));
}

base::Result<KernelLog::Batch> KernelLog::read_new() {
    Batch batch;
    // More than the kernel makes of one record (include/linux/printk.h: CONSOLE_EXT_LOG_MAX 8192,
    // PRINTK_MESSAGE_MAX 2048 later).
    std::array<char, 16'384> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (int i = 0; i < reads_a_call; ++i) {
        auto const got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got > 0) {
            auto line = parse_kernel_record({buffer.data(), static_cast<std::size_t>(got)});
            if (line)
                take(*std::move(line), batch);
            continue;
        }
        if (got == 0) // never of the kernel's: whoever waits for more would wait busily
            return base::Error{
                .code = base::Errc::failed,
                .subject = "kernel log",
                .cause = "ended",
                .remedy = {},
            };
        if (errno == EAGAIN)
            break;
        if (errno == EPIPE) // overwritten; the next read continues at the oldest record
            batch.lost = true;
        else if (errno != EINVAL && errno != EINTR) // EINVAL: longer than the buffer and skipped
            return base::system_error("kernel log", "cannot read", errno);
    }
    return batch;
}

} // namespace livepatch::kernel
