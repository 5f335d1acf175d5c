// Livepatch files for the emulated kernel, signed by two keys: one the daemon trusts, one it has
// never heard of.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace livepatch::bus_test {

// The content of a module as described: name, release, version, functions (of vmlinux), replace,
// key ("trusted", "unknown" or "none") and tampered, all with defaults but the name.
std::string module_file(nlohmann::json const& description);

// In PEM.
std::string trusted_certificate();

} // namespace livepatch::bus_test
