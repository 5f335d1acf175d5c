// The form of JSON that signatures are over (OLPC's canonical JSON, as TUF has it).
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace livepatch::trust::tuf {

// No white space, members in the order of their names' code points, whole numbers only, and in
// strings nothing escaped but '"' and '\': a control character stands for itself, so the result
// need not be JSON. `value` is what base::parse_strict_json returned: no floating point, UTF-8.
std::string canonical_json(nlohmann::json const& value);

} // namespace livepatch::trust::tuf
