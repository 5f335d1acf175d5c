// Rows of text in columns.
#pragma once

#include "lpctl/terminal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::lpctl {

struct Cell {
    std::string text; // any bytes: made safe when it is drawn
    Tone tone = Tone::plain;
};

class Table {
public:
    explicit Table(std::vector<std::string> titles) : titles_(std::move(titles)) {}

    // As many cells as there are titles.
    void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

    // On a terminal lines are cut at its edge; elsewhere nothing is ever left out, and a cell that
    // is far too wide for a column only pushes its own line to the right.
    std::string draw(Terminal const& terminal) const;

private:
    std::vector<std::string> titles_;
    std::vector<std::vector<Cell>> rows_;
};

} // namespace livepatch::lpctl
