// What the other end of stdout or stderr can show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace livepatch::cli {

struct Terminal {
    bool interactive = false; // a terminal on which a line can be redrawn
    bool colour = false;
    bool utf8 = false;     // beyond ASCII
    std::size_t width = 0; // columns; 0 = no limit: a pipe or a file
};

Terminal terminal_of(int fd);

enum class Tone { plain, strong, faint, good, moving, bad };

std::string painted(Terminal const& terminal, Tone tone, std::string_view text);

// The columns that a text takes, which must be safe already (base::escaped).
std::size_t columns(std::string_view text);

// The text cut to that many columns, with a mark where something is missing.
std::string fitted(std::string_view text, std::size_t width, bool utf8);

} // namespace livepatch::cli
