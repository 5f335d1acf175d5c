#include "lpctl/table.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace livepatch::lpctl {

namespace {

// A column is not made wider than this for the sake of one long cell.
constexpr std::size_t widest_column = 40;
constexpr std::size_t gap = 2;

using Row = std::vector<Cell>;

std::vector<std::size_t> column_widths(std::vector<Row> const& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (auto const& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], std::min(columns(row[i].text), widest_column));
    return widths;
}

std::string line(Row const& row, std::vector<std::size_t> const& widths, Terminal const& terminal) {
    std::string out;
    std::size_t position = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
        bool const last = i + 1 == row.size();
        auto text = row[i].text;
        if (terminal.width != 0) {
            auto const left = terminal.width > position ? terminal.width - position : 0;
            text = fitted(text, last ? left : std::min(left, widths[i]), terminal.utf8);
        }
        auto const taken = columns(text);
        out += painted(terminal, row[i].tone, text);
        auto const padding = gap + (widths[i] > taken ? widths[i] - taken : 0);
        if (!last)
            out.append(padding, ' ');
        position += taken + padding;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out + '\n';
}

} // namespace

std::string Table::draw(Terminal const& terminal) const {
    std::vector<Row> rows(1);
    for (auto const& title : titles_)
        rows.front().push_back({title, Tone::strong});
    for (auto const& row : rows_) {
        auto& safe = rows.emplace_back(row);
        for (auto& cell : safe)
            cell.text = base::escaped(cell.text);
    }
    auto const widths = column_widths(rows);
    std::string out;
    for (auto const& row : rows)
        out += line(row, widths, terminal);
    return out;
}

} // namespace livepatch::lpctl
