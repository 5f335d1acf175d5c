// What each kind of error is called on D-Bus and which status lpctl exits with (DESIGN §8).
#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace livepatch::report {

inline constexpr std::string_view error_prefix = "org.livepatchd1.Error.";

// Without the prefix: "VerificationFailed".
std::string_view error_name(base::Errc code);

// The kind for a name with or without the prefix; `failed` for any other.
base::Errc errc_from_name(std::string_view name);

int exit_status(base::Errc code);

} // namespace livepatch::report
