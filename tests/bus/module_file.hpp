// Livepatch files for the emulated kernel, signed by two keys: one the daemon trusts, one it has
// never heard of.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace livepatch::bus_test {

// The content of a module as described: name, release, version, functions (of vmlinux), replace,
// key ("trusted", "unknown", "rsa": another one, "both" or "none"), digest ("SHA1"), attributes
// (signed ones) and tampered, all with defaults but the name.
std::string module_file(nlohmann::json const& description);

// In PEM; one that has expired by now, when that is wanted.
std::string trusted_certificate(bool expired = false);

} // namespace livepatch::bus_test
