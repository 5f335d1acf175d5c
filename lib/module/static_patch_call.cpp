#include "module/static_patch_call.hpp"

#include <algorithm>
#include <optional>

namespace livepatch::module {

namespace {

#if defined(__x86_64__)

// A place that the loader will write an address into.
struct Reference {
    Section const* from = nullptr;
    std::uint64_t at = 0;
    std::uint32_t type = 0;
    std::uint64_t value = 0; // S + A
};

struct References {
    std::optional<Reference> call;     // of klp_enable_patch
    std::optional<Reference> argument; // of the patch
    bool unique = true;                // there is no second one of either
};

void note(std::optional<Reference>& place, Reference const& reference, bool& unique) {
    unique = unique && !place;
    place = reference;
}

// A PC-relative address is up to 4 + 4 bytes before what is meant: the instruction's rest.
bool may_lie_in(std::uint64_t value, Extent const& patch) {
    constexpr std::uint64_t before = 16;
    return value + before - patch.offset < patch.size + before;
}

void collect(Elf const& elf, Section const& table, Extent const& patch, References& found) {
    auto const& from = elf.sections()[table.info];
    if (!from.has(SHF_ALLOC))
        return; // debug information
    for (std::size_t i = 0; i < Elf::relocation_count(table) && found.unique; ++i) {
        auto const entry = elf.relocation(table, i);
        if (!entry) {
            found.unique = false;
            return;
        }
        auto const symbol = elf.symbol(ELF64_R_SYM(entry->r_info));
        Reference const reference{
            .from = &from,
            .at = entry->r_offset,
            .type = static_cast<std::uint32_t>(ELF64_R_TYPE(entry->r_info)),
            .value = symbol.st_value + static_cast<std::uint64_t>(entry->r_addend)};
        if (symbol.st_shndx == SHN_UNDEF && elf.name(symbol) == "klp_enable_patch")
            note(found.call, reference, found.unique);
        else if (symbol.st_shndx == patch.section && may_lie_in(reference.value, patch))
            note(found.argument, reference, found.unique);
    }
}

bool has_bytes(Bytes code, std::uint64_t at, std::initializer_list<unsigned> wanted) {
    auto const part = slice(code, at, wanted.size());
    return part && std::equal(wanted.begin(), wanted.end(), part->begin(), [](auto a, auto b) {
               return a == std::to_integer<unsigned>(b);
           });
}

// mov $patch,%rdi or lea patch(%rip),%rdi, whose operand is `argument`.
bool loads_first_argument(Reference const& argument, Extent const& patch) {
    constexpr std::uint64_t operand_at = 3;
    if (argument.at < operand_at)
        return false;
    auto const start = argument.at - operand_at;
    if (argument.type == R_X86_64_32S && argument.value == patch.offset)
        return has_bytes(argument.from->bytes, start, {0x48, 0xc7, 0xc7});
    if (argument.type == R_X86_64_PC32 && argument.value == patch.offset - 4)
        return has_bytes(argument.from->bytes, start, {0x48, 0x8d, 0x3d});
    return false;
}

// Where the next instruction starts that is no pop. A pop writes a register only, and none of these
// is %rdi (5f).
std::uint64_t after_pops(Bytes code, std::uint64_t at) {
    for (;;) {
        auto const first = load<std::uint8_t>(code, at);
        auto const second = load<std::uint8_t>(code, at + 1);
        if (first && *first >= 0x58 && *first <= 0x5e)
            at += 1;
        else if (first == 0x41 && second && *second >= 0x58 && *second <= 0x5f)
            at += 2;
        else
            return at;
    }
}

// call or jmp klp_enable_patch right behind, its operand being `call`.
bool calls_next(Reference const& argument, Reference const& call) {
    auto const& code = argument.from->bytes;
    auto const at = after_pops(code, argument.at + 4);
    bool const direct = call.type == R_X86_64_PLT32 || call.type == R_X86_64_PC32;
    bool const behind = call.from == argument.from && call.at == at + 1;
    return direct && behind && call.value == std::uint64_t(-4) &&
           (has_bytes(code, at, {0xe8}) || has_bytes(code, at, {0xe9}));
}

bool proven(Elf const& elf, Extent const& patch) {
    References found;
    for (auto const& table : elf.sections())
        if (table.type == SHT_RELA)
            collect(elf, table, patch, found);
    return found.unique && found.call && found.argument &&
           found.argument->from->has(SHF_EXECINSTR) &&
           loads_first_argument(*found.argument, patch) && calls_next(*found.argument, *found.call);
}

#else

bool proven(Elf const& /*elf*/, Extent const& /*patch*/) {
    return false;
}

#endif

} // namespace

bool enabled_as_it_is(Elf const& elf, Extent const& patch) {
    return proven(elf, patch);
}

} // namespace livepatch::module
