// What things are called in a repository and in our own state.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/targets.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace livepatch::trust::tuf {

// All but letters, digits and "_.-~" as %XX: one component of a path, whatever the text is.
std::string percent_encoded(std::string_view text);

// "ROLE.json", the role percent-encoded.
std::string file_name(std::string_view role);

// "VERSION.ROLE.json".
std::string versioned_file_name(std::int64_t version, std::string_view role);

// The target's path, or with `hash_prefix` DIRECTORY/HASH.NAME. Refused (verification_failed): a
// path that could lead out of the repository, or that no file can have.
base::Result<std::string> target_file_name(Target const& target, bool hash_prefix);

} // namespace livepatch::trust::tuf
