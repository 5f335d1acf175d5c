// What a module was compiled against: CONFIG_MODVERSIONS.
#pragma once

#include "base/result.hpp"
#include "module/elf.hpp"
#include "module/livepatch_module.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::module {

// The section __versions, an array of struct modversion_info {unsigned long crc; char name[56]}.
// Empty when there is none: built without, or stripped.
base::Result<std::vector<SymbolVersion>> symbol_versions(Elf const& elf);

// Of an uncompressed module file of any kind, with its GNU build-id.
struct BuiltAgainst {
    std::string build_id; // "" = it has none
    std::vector<SymbolVersion> versions;
};

// verification_failed as Elf::parse.
base::Result<BuiltAgainst> built_against(std::span<std::byte const> file, std::string_view subject);

} // namespace livepatch::module
