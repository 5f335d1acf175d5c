#include "module/elf.hpp"

#include "base/text.hpp"
#include "module/refusal.hpp"

#include <bit>
#include <cstring>
#include <string>

namespace livepatch::module {

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t this_machine = EM_AARCH64;
#elif defined(__powerpc64__)
constexpr std::uint16_t this_machine = EM_PPC64;
#elif defined(__s390x__)
constexpr std::uint16_t this_machine = EM_S390;
#else
#error "livepatching does not exist on this machine, or its ELF number is missing here"
#endif

constexpr unsigned char this_byte_order =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

base::Result<void> check_header(Elf64_Ehdr const& header) {
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return refusal("not a kernel module: no ELF file");
    if (header.e_ident[EI_CLASS] != ELFCLASS64)
        return refusal("not a module for this machine: not a 64-bit ELF file");
    if (header.e_ident[EI_DATA] != this_byte_order)
        return refusal("not a module for this machine: other byte order");
    if (header.e_machine != this_machine)
        return refusal(
            "not a module for this machine: ELF machine is " + std::to_string(header.e_machine) +
            ", not " + std::to_string(this_machine)
        );
    if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT)
        return refusal("damaged module: unknown ELF version");
    if (header.e_type != ET_REL)
        return refusal("not a kernel module: no relocatable ELF object");
    if (header.e_shentsize != sizeof(Elf64_Shdr))
        return refusal("damaged module: section headers of odd size");
    return {};
}

bool lies_in_file(std::uint32_t type) {
    return type != SHT_NULL && type != SHT_NOBITS;
}

bool ends_with_nul(Bytes bytes) {
    return !bytes.empty() && bytes.back() == std::byte{0};
}

std::string quoted(std::string_view name) {
    return "'" + base::escaped(name) + "'";
}

} // namespace

base::Result<Elf> Elf::parse(Bytes file) {
    auto const header = load<Elf64_Ehdr>(file, 0);
    if (!header)
        return refusal("not a kernel module: too short for an ELF file");
    if (auto good = check_header(*header); !good)
        return good.error();
    Elf elf;
    if (auto good = elf.read_sections(file, *header); !good)
        return good.error();
    if (auto good = elf.name_sections(header->e_shstrndx); !good)
        return good.error();
    if (auto good = elf.find_symbols(); !good)
        return good.error();
    if (auto good = elf.check_relocations(); !good)
        return good.error();
    return elf;
}

base::Result<void> Elf::read_sections(Bytes file, Elf64_Ehdr const& header) {
    // No extended numbering (e_shnum 0): the module loader does not know it either.
    auto const table =
        slice(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
    if (header.e_shnum == 0 || header.e_shnum >= SHN_LORESERVE || !table)
        return refusal("damaged module: section headers are not in the file");
    sections_.reserve(header.e_shnum);
    name_offsets_.reserve(header.e_shnum);
    std::uint64_t left = file.size();
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        auto const raw = *load<Elf64_Shdr>(*table, i * sizeof(Elf64_Shdr));
        Section section{
            .name = {},
            .type = raw.sh_type,
            .flags = raw.sh_flags,
            .link = raw.sh_link,
            .info = raw.sh_info,
            .size = raw.sh_size,
            .bytes = {}};
        if (lies_in_file(raw.sh_type)) {
            auto const bytes = slice(file, raw.sh_offset, raw.sh_size);
            // No tool makes sections that overlap. Refusing those whose sizes add up to more than
            // the file keeps all later work linear in its length.
            if (!bytes || bytes->size() > left)
                return refusal(
                    "damaged module: section " + std::to_string(i) +
                    " is not in the file, or overlaps another"
                );
            left -= bytes->size();
            section.bytes = *bytes;
        }
        sections_.push_back(section);
        name_offsets_.push_back(raw.sh_name);
    }
    if (sections_[0].type != SHT_NULL || sections_[0].size != 0)
        return refusal("damaged module: section 0 is not empty");
    return {};
}

base::Result<void> Elf::name_sections(std::uint16_t names_index) {
    if (names_index == SHN_UNDEF || names_index >= sections_.size())
        return refusal("damaged module: no table of section names");
    auto const& table = sections_[names_index];
    if (table.type != SHT_STRTAB || !ends_with_nul(table.bytes))
        return refusal("damaged module: table of section names has no end");
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        auto const name = c_string(table.bytes, name_offsets_[i]);
        if (!name)
            return refusal("damaged module: section " + std::to_string(i) + " has no name");
        sections_[i].name = *name;
    }
    name_offsets_ = {};
    return {};
}

base::Result<void> Elf::find_symbols() {
    for (std::uint32_t i = 0; i < sections_.size(); ++i) {
        if (sections_[i].type != SHT_SYMTAB)
            continue;
        if (symbols_index_ != 0)
            return refusal("damaged module: more than one symbol table");
        symbols_index_ = i;
    }
    if (symbols_index_ == 0)
        return refusal("not a kernel module: no symbols (stripped?)");
    return check_symbols(sections_[symbols_index_]);
}

base::Result<void> Elf::check_symbols(Section const& table) {
    if (table.link >= sections_.size() || sections_[table.link].type != SHT_STRTAB ||
        !ends_with_nul(sections_[table.link].bytes))
        return refusal("damaged module: table of symbol names has no end");
    symbols_ = table.bytes;
    symbol_names_ = sections_[table.link].bytes;
    if (symbols_.size() % sizeof(Elf64_Sym) != 0 || symbols_.empty())
        return refusal("damaged module: symbol table is cut off");
    for (std::size_t i = 0; i < symbol_count(); ++i)
        if (symbol(i).st_name >= symbol_names_.size())
            return refusal("damaged module: symbol " + std::to_string(i) + " has no name");
    return {};
}

base::Result<void> Elf::check_relocations() const {
    for (auto const& section : sections_) {
        if (section.type != SHT_RELA)
            continue;
        if (section.bytes.size() % sizeof(Elf64_Rela) != 0)
            return refusal("damaged module: " + quoted(section.name) + " is cut off");
        if (section.link != symbols_index_ || section.info >= sections_.size())
            return refusal("damaged module: " + quoted(section.name) + " relocates nothing");
    }
    return {};
}

base::Result<Section const*> Elf::find(std::string_view name) const {
    Section const* found = nullptr;
    for (auto const& section : sections_) {
        if (section.name != name || section.type == SHT_NULL)
            continue;
        if (found != nullptr)
            return refusal("ambiguous module: more than one section " + quoted(name));
        found = &section;
    }
    return found;
}

Elf64_Sym Elf::symbol(std::size_t index) const {
    return *load<Elf64_Sym>(symbols_, index * sizeof(Elf64_Sym));
}

std::string_view Elf::name(Elf64_Sym const& symbol) const {
    return c_string(symbol_names_, symbol.st_name).value_or("");
}

std::size_t Elf::relocation_count(Section const& table) {
    return table.bytes.size() / sizeof(Elf64_Rela);
}

std::optional<Elf64_Rela> Elf::relocation(Section const& table, std::size_t index) const {
    auto const entry = load<Elf64_Rela>(table.bytes, index * sizeof(Elf64_Rela));
    if (!entry || ELF64_R_SYM(entry->r_info) >= symbol_count())
        return std::nullopt;
    return entry;
}

} // namespace livepatch::module
