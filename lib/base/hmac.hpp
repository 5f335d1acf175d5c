// HMAC-SHA256 (RFC 2104).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace livepatch::base {

std::array<std::byte, 32> hmac_sha256(std::string_view key, std::string_view text);

} // namespace livepatch::base
