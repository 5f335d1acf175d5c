// What must not be loaded any more, said by the key that is on line: brake.json. A repository's
// role "brake" may speak for this one file, and so for nothing that is loaded.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace livepatch::repository {

inline constexpr std::string_view brake_path = "brake.json";
inline constexpr std::size_t max_brake_size = std::size_t{1024} * 1024;

// By digest of the module: why, which may hold anything.
using BrakeList = std::map<std::string, std::string, std::less<>>;

// {"schema":"livepatchd.brake/1","modules":[{"sha256":"…","reason":"…"}]}; unknown keys are
// ignored. verification_failed, naming `subject`, for any other form.
base::Result<BrakeList> parse_brake_list(std::string_view text, std::string_view subject);

} // namespace livepatch::repository
