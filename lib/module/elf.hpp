// An ELF64 relocatable object, as the kernel's module loader reads one.
#pragma once

#include "base/result.hpp"
#include "module/bytes.hpp"

#include <cstdint>
#include <elf.h>
#include <optional>
#include <string_view>
#include <vector>

namespace livepatch::module {

struct Section {
    std::string_view name;
    std::uint32_t type = SHT_NULL;
    std::uint64_t flags = 0;
    std::uint32_t link = 0;
    std::uint32_t info = 0;
    std::uint64_t size = 0; // in memory
    Bytes bytes;            // in the file; none of a section that has only memory

    bool has(std::uint64_t flag) const { return (flags & flag) != 0; }
};

// What parse() returned is consistent: sections lie in the file and do not add up to more than it,
// names and links resolve, tables have whole entries. It points into the bytes it was made of.
class Elf {
public:
    // Refuses what is no ELF64 relocatable object for the machine of this build, or what breaks a
    // rule of kernel/module/main.c:elf_validity_check.
    static base::Result<Elf> parse(Bytes file);

    // [0] is the null section; index as in the file.
    std::vector<Section> const& sections() const { return sections_; }

    // The one section of that name that the kernel would load; null when there is none. An error
    // when there are several of that name: tools and kernel might take different ones.
    base::Result<Section const*> find(std::string_view name) const;

    std::size_t symbol_count() const { return symbols_.size() / sizeof(Elf64_Sym); }

    Elf64_Sym symbol(std::size_t index) const; // index < symbol_count()
    std::string_view name(Elf64_Sym const& symbol) const;

    // The entries of a SHT_RELA section. Nothing for an entry that names no symbol.
    static std::size_t relocation_count(Section const& table);
    std::optional<Elf64_Rela> relocation(Section const& table, std::size_t index) const;

private:
    base::Result<void> read_sections(Bytes file, Elf64_Ehdr const& header);
    base::Result<void> name_sections(std::uint16_t names_index);
    base::Result<void> find_symbols();
    base::Result<void> check_symbols(Section const& table);
    base::Result<void> check_relocations() const;

    std::vector<Section> sections_;
    std::vector<std::uint32_t> name_offsets_; // of the sections; only used while parsing
    std::uint32_t symbols_index_ = 0;
    Bytes symbols_;
    Bytes symbol_names_;
};

} // namespace livepatch::module
