#include "base/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdint>
#include <ctime>
#include <iterator>

namespace livepatch::base {

namespace {

struct Glyph {
    char32_t code = 0;
    std::size_t size = 0; // bytes; 0 = not UTF-8
};

Glyph first_glyph(std::string_view text) {
    auto const lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80)
        return {lead, 1};
    std::size_t const size = lead >= 0xf0 && lead < 0xf5   ? 4
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                                                           : 0;
    if (size == 0 || text.size() < size)
        return {};
    char32_t code = lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        auto const next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0) != 0x80)
            return {};
        code = (code << 6) | (next & 0x3fU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = code >= 0xd800 && code < 0xe000;
    if (code < least[size] || code > 0x10ffff || surrogate)
        return {};
    return {code, size};
}

bool is_harmless(char32_t code) {
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return false; // C0, DEL, C1
    bool const direction = code == 0x61c || (code >= 0x200e && code <= 0x200f) ||
                           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return !direction && code != 0xfeff;
}

} // namespace

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto const glyph = first_glyph(text);
        auto const size = glyph.size == 0 ? 1 : glyph.size;
        if (glyph.size != 0 && is_harmless(glyph.code)) {
            out += text.substr(0, size);
        } else {
            for (char const byte : text.substr(0, size))
                fmt::format_to(
                    std::back_inserter(out), "\\x{:02x}", static_cast<std::uint8_t>(byte)
                );
        }
        text.remove_prefix(size);
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white = " \t\r\n";
    auto const first = text.find_first_not_of(white);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        auto const end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

std::string hex(std::span<std::byte const> bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (auto const byte : bytes)
        fmt::format_to(std::back_inserter(out), "{:02x}", std::to_integer<unsigned>(byte));
    return out;
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    if (time.time_since_epoch().count() == 0)
        return {};
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time))
    );
}

std::string rfc3339(std::chrono::sys_seconds time) {
    if (time.time_since_epoch().count() == 0)
        return {};
    std::time_t const seconds = time.time_since_epoch().count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

} // namespace livepatch::base
