// Hex as metadata has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace livepatch::trust::tuf {

// Lower and upper case. Nothing for what is not hex.
std::optional<std::string> bytes_of_hex(std::string_view text);

} // namespace livepatch::trust::tuf
