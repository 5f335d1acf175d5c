// Which word somebody may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::cli {

// The word that is the fewest slips of the keyboard (a letter missing, added, changed, or two
// swapped) away, if that is near enough to be worth a question; else "".
std::string nearest(std::string_view word, std::vector<std::string> const& words);

} // namespace livepatch::cli
