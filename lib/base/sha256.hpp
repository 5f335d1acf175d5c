// SHA-256, as all of the project writes it: lower-case hex.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace livepatch::base {

std::string sha256(std::span<std::byte const> bytes);
std::string sha256(std::string_view text);

} // namespace livepatch::base
