// Which paths a delegation is for.
#pragma once

#include <string_view>

namespace livepatch::trust::tuf {

// Patterns of the shell: '*' and '?', which stop at a '/', and "[a-z]" and "[!a-z]". Pattern and
// path have the same number of '/'. Takes no more than the product of both lengths.
bool matches_pattern(std::string_view path, std::string_view pattern);

} // namespace livepatch::trust::tuf
