#include "cli/terminal.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <cwchar>
#include <unistd.h>

namespace livepatch::cli {

namespace {

std::string_view variable(char const* name) {
    char const* value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

bool locale_is_utf8() {
    std::string_view name;
    for (char const* key : {"LC_ALL", "LC_CTYPE", "LANG"})
        if (name = variable(key); !name.empty())
            break;
    for (std::string_view const word : {"UTF-8", "utf-8", "UTF8", "utf8"})
        if (name.find(word) != std::string_view::npos)
            return true;
    return false;
}

std::size_t width_of(int fd) {
    ::winsize size = {};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

// The locale's own tables say how wide a character is. A program in the "C" locale has none, and
// loading the user's costs more than all of `lpctl status`; so only when it is needed.
class Utf8Locale {
public:
    Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_ != nullptr)
            before_ = ::uselocale(locale_);
    }

    Utf8Locale(Utf8Locale const&) = delete;
    Utf8Locale& operator=(Utf8Locale const&) = delete;

    ~Utf8Locale() {
        if (locale_ != nullptr) {
            ::uselocale(before_);
            ::freelocale(locale_);
        }
    }

private:
    ::locale_t locale_;
    ::locale_t before_ = nullptr;
};

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Bytes of the longest beginning of `text` that fits, and its columns.
struct Extent {
    std::size_t bytes = 0;
    std::size_t columns = 0;
};

Extent extent(std::string_view text, std::size_t limit) {
    if (is_ascii(text)) {
        auto const size = std::min(text.size(), limit);
        return {size, size};
    }
    Utf8Locale const locale;
    std::mbstate_t state = {};
    Extent result;
    while (result.bytes < text.size()) {
        wchar_t glyph = 0;
        auto const rest = text.substr(result.bytes);
        auto size = std::mbrtowc(&glyph, rest.data(), rest.size(), &state);
        int width = size > rest.size() ? 1 : ::wcwidth(glyph);
        if (size == 0 || size > rest.size()) {
            size = 1; // not UTF-8: a byte, a column
            state = {};
        }
        width = std::max(width, 0);
        if (result.columns + static_cast<std::size_t>(width) > limit)
            break;
        result.bytes += size;
        result.columns += static_cast<std::size_t>(width);
    }
    return result;
}

std::string_view sequence(Tone tone) {
    switch (tone) {
    case Tone::strong:
        return "\x1b[1m";
    case Tone::faint:
        return "\x1b[2m";
    case Tone::good:
        return "\x1b[32m";
    case Tone::moving:
        return "\x1b[33m";
    case Tone::bad:
        return "\x1b[1;31m";
    case Tone::plain:
        break;
    }
    return {};
}

} // namespace

Terminal terminal_of(int fd) {
    if (::isatty(fd) == 0)
        return {};
    auto const kind = variable("TERM");
    bool const smart = !kind.empty() && kind != "dumb";
    return {
        .interactive = smart,
        .colour = smart && variable("NO_COLOR").empty(),
        .utf8 = locale_is_utf8(),
        .width = width_of(fd)};
}

std::string painted(Terminal const& terminal, Tone tone, std::string_view text) {
    if (!terminal.colour || tone == Tone::plain || text.empty())
        return std::string(text);
    return std::string(sequence(tone)).append(text).append("\x1b[0m");
}

std::size_t columns(std::string_view text) {
    return extent(text, static_cast<std::size_t>(-1)).columns;
}

std::string fitted(std::string_view text, std::size_t width, bool utf8) {
    if (columns(text) <= width)
        return std::string(text);
    std::string_view const mark = utf8 ? "…" : "...";
    std::size_t const mark_width = utf8 ? 1 : 3;
    if (width <= mark_width)
        return std::string(text.substr(0, extent(text, width).bytes));
    return std::string(text.substr(0, extent(text, width - mark_width).bytes)).append(mark);
}

} // namespace livepatch::cli
