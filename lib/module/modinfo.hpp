// The section .modinfo: "key=value" strings, each ended by NUL.
#pragma once

#include "base/result.hpp"
#include "module/bytes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::module {

struct Modinfo {
    std::string name;
    std::string vermagic;
    std::string license;
    std::string version;
    std::string srcversion;
    std::vector<std::string> depends;
};

// Refuses what the kernel would not take for a livepatch, and what different readers could take for
// different things: several names, vermagics or livepatch marks, control characters.
base::Result<Modinfo> parse_modinfo(Bytes section);

// A name the kernel can give a module: at most 55 (MODULE_NAME_LEN with its NUL is 56) of
// [A-Za-z0-9_]. Narrower than the kernel's own rule, because it becomes a path and an object path.
bool is_module_name(std::string_view name);

} // namespace livepatch::module
