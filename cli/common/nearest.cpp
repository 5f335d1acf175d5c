#include "cli/nearest.hpp"

#include <algorithm>

namespace livepatch::cli {

namespace {

// Names are short; nobody mistypes a word longer than this, and the table below stays small.
constexpr std::size_t longest = 64;

// Optimal string alignment distance.
std::size_t slips(std::string_view left, std::string_view right) {
    std::vector<std::vector<std::size_t>> table(
        left.size() + 1, std::vector<std::size_t>(right.size() + 1)
    );
    for (std::size_t i = 0; i <= left.size(); ++i)
        table[i][0] = i;
    for (std::size_t j = 0; j <= right.size(); ++j)
        table[0][j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        for (std::size_t j = 1; j <= right.size(); ++j) {
            bool const same = left[i - 1] == right[j - 1];
            auto best = std::min(table[i - 1][j], table[i][j - 1]) + 1;
            best = std::min(best, table[i - 1][j - 1] + (same ? 0 : 1));
            bool const swapped =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            table[i][j] = swapped ? std::min(best, table[i - 2][j - 2] + 1) : best;
        }
    }
    return table[left.size()][right.size()];
}

} // namespace

std::string nearest(std::string_view word, std::vector<std::string> const& words) {
    std::string best;
    auto fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (auto const& candidate : words) {
        if (word.size() > longest || candidate.size() > longest)
            continue;
        if (auto const count = slips(word, candidate); count < fewest) {
            fewest = count;
            best = candidate;
        }
    }
    return best;
}

} // namespace livepatch::cli
