#include "module/variables.hpp"

#include <algorithm>

namespace livepatch::module {

namespace {

// Far above any real livepatch. They keep the work of one look at all variables, and of one at each
// function, small whatever the file holds.
constexpr std::uint64_t largest = std::uint64_t{256} * 1024;
constexpr std::size_t most_sections = 256;

} // namespace

Kind kind_of(Elf const& elf, Target const& target) {
    if (target.section == 0)
        return Kind::unknown;
    auto const& section = elf.sections()[target.section];
    if (!section.has(SHF_ALLOC))
        return Kind::unknown;
    if (section.has(SHF_EXECINSTR))
        return Kind::code;
    return section.has(SHF_WRITE) ? Kind::data : Kind::constant;
}

std::optional<Variables> Variables::of(Elf const& elf) {
    Variables variables;
    for (std::size_t i = 0; i < elf.sections().size(); ++i) {
        auto const& section = elf.sections()[i];
        if (section.type != SHT_PROGBITS || !section.name.starts_with(".data"))
            continue;
        auto pointers = Pointers::of(elf, i);
        if (!pointers || variables.pointers_.size() == most_sections)
            return std::nullopt;
        variables.pointers_.emplace_back(i, std::move(*pointers));
    }
    variables.read_symbols(elf);
    return variables;
}

void Variables::read_symbols(Elf const& elf) {
    for (std::size_t i = 0; i < elf.symbol_count(); ++i) {
        auto const symbol = elf.symbol(i);
        bool const is_variable = ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT;
        if (is_variable && pointers_of(symbol.st_shndx) != nullptr)
            extents_.push_back(
                {.section = symbol.st_shndx, .offset = symbol.st_value, .size = symbol.st_size}
            );
    }
    std::sort(extents_.begin(), extents_.end(), [](Extent const& a, Extent const& b) {
        return place(a) < place(b);
    });
}

Pointers const* Variables::pointers_of(std::size_t section) const {
    auto const entry = std::lower_bound(
        pointers_.begin(),
        pointers_.end(),
        section,
        [](auto const& known, std::size_t wanted) { return known.first < wanted; }
    );
    return entry != pointers_.end() && entry->first == section ? &entry->second : nullptr;
}

std::optional<Variable> Variables::at(Elf const& elf, Target const& target) const {
    auto const [first, last] = std::equal_range(
        extents_.begin(),
        extents_.end(),
        Extent{.section = target.section, .offset = target.offset},
        [](Extent const& a, Extent const& b) { return place(a) < place(b); }
    );
    if (last - first != 1 || first->size > largest)
        return std::nullopt;
    auto const bytes = slice(elf.sections()[first->section].bytes, first->offset, first->size);
    if (!bytes)
        return std::nullopt;
    Variable variable{.extent = *first, .bytes = *bytes, .pointers = {}};
    auto const& pointers = *pointers_of(first->section);
    for (auto pointer : pointers.within(first->offset, first->offset + first->size)) {
        pointer.at -= first->offset;
        variable.pointers.push_back(pointer);
    }
    return variable;
}

} // namespace livepatch::module
