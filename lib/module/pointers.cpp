#include "module/pointers.hpp"

#include <algorithm>

namespace livepatch::module {

namespace {

// A pointer that the loader fills in: 64 bits, S + A.
#if defined(__x86_64__)
constexpr std::uint32_t whole_pointer = R_X86_64_64;
#elif defined(__aarch64__)
constexpr std::uint32_t whole_pointer = R_AARCH64_ABS64;
#elif defined(__powerpc64__)
constexpr std::uint32_t whole_pointer = R_PPC64_ADDR64;
#elif defined(__s390x__)
constexpr std::uint32_t whole_pointer = R_390_64;
#endif

// Livepatches have some hundred; their memory is limited, not their number.
constexpr std::size_t most_pointers = std::size_t{64} * 1024;

std::optional<Target> resolve(Elf const& elf, Elf64_Rela const& entry) {
    auto const symbol = elf.symbol(ELF64_R_SYM(entry.r_info));
    auto const addend = static_cast<std::uint64_t>(entry.r_addend);
    Target target{.section = symbol.st_shndx, .offset = addend, .symbol = elf.name(symbol)};
    if (symbol.st_shndx == SHN_UNDEF)
        return target;
    if (symbol.st_shndx >= elf.sections().size())
        return std::nullopt; // SHN_ABS, SHN_COMMON, SHN_LIVEPATCH: no place in this file
    target.offset = symbol.st_value + addend; // wraps as the kernel's sum does
    if (target.offset > elf.sections()[target.section].size)
        return std::nullopt;
    return target;
}

} // namespace

std::optional<Pointers> Pointers::of(Elf const& elf, std::size_t section) {
    Pointers found;
    for (auto const& table : elf.sections()) {
        if (table.type != SHT_RELA || table.info != section)
            continue;
        auto const count = Elf::relocation_count(table);
        if (count > most_pointers - found.pointers_.size())
            return std::nullopt;
        for (std::size_t i = 0; i < count; ++i) {
            auto const entry = elf.relocation(table, i);
            if (!entry || ELF64_R_TYPE(entry->r_info) != whole_pointer)
                return std::nullopt;
            // Unresolvable ones stay, as pointers to nowhere: no place may look free that is not.
            found.pointers_.push_back(
                {.at = entry->r_offset, .target = resolve(elf, *entry).value_or(Target{})}
            );
        }
    }
    auto const by_place = [](Pointer const& a, Pointer const& b) { return a.at < b.at; };
    auto const overlap = [](Pointer const& a, Pointer const& b) { return b.at - a.at < 8; };
    std::sort(found.pointers_.begin(), found.pointers_.end(), by_place);
    if (std::adjacent_find(found.pointers_.begin(), found.pointers_.end(), overlap) !=
        found.pointers_.end())
        return std::nullopt;
    return found;
}

std::optional<Target> Pointers::at(std::uint64_t offset) const {
    auto const here = within(offset, offset + 1);
    return here.empty() ? std::nullopt : std::optional(here.front().target);
}

std::span<Pointer const> Pointers::within(std::uint64_t begin, std::uint64_t end) const {
    auto const before = [](Pointer const& pointer, std::uint64_t at) { return pointer.at < at; };
    auto const first = std::lower_bound(pointers_.begin(), pointers_.end(), begin, before);
    auto const last = std::lower_bound(first, pointers_.end(), end, before);
    return {first, last};
}

std::optional<std::string> string_at(Elf const& elf, Target const& target) {
    if (target.section == 0)
        return std::nullopt;
    auto const& section = elf.sections()[target.section];
    if (!section.has(SHF_ALLOC) || section.has(SHF_EXECINSTR))
        return std::nullopt;
    auto const text = c_string(section.bytes, target.offset);
    return text ? std::optional<std::string>(*text) : std::nullopt;
}

} // namespace livepatch::module
