#include "fuzzer.hpp"
#include "kernel/kernel_log.hpp"

#include <algorithm>
#include <string_view>

using namespace livepatch;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const record(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const line = kernel::parse_kernel_record(record);
    if (!line)
        return 0;
    must_hold(line->level >= 0 && line->level <= 7, "a level is one of eight");
    must_hold(line->facility >= 0 && line->facility <= 255, "a facility is a byte");
    must_hold(record.find(line->text) != std::string_view::npos, "the text is in the record");
    bool const printable = std::all_of(line->text.begin(), line->text.end(), [](char c) {
        return c >= ' ' && c < '\x7f';
    });
    must_hold(printable, "the text is safe to print");
    if (kernel::concerns_livepatch(*line))
        must_hold(line->facility == 0, "only the kernel's own lines concern livepatches");
    return 0;
}
