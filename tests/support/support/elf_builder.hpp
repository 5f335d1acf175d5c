// ELF files made in memory: whole ones, and ones that are wrong in one place.
#pragma once

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace livepatch::support {

class ElfBuilder {
public:
    static constexpr std::uint32_t this_machine =
#if defined(__x86_64__)
        EM_X86_64;
    static constexpr std::uint32_t pointer = R_X86_64_64;
#elif defined(__aarch64__)
        EM_AARCH64;
    static constexpr std::uint32_t pointer = R_AARCH64_ABS64;
#elif defined(__powerpc64__)
        EM_PPC64;
    static constexpr std::uint32_t pointer = R_PPC64_ADDR64;
#elif defined(__s390x__)
        EM_S390;
    static constexpr std::uint32_t pointer = R_390_64;
#endif

    struct Section {
        std::string name;
        std::uint32_t type = SHT_PROGBITS;
        std::uint64_t flags = SHF_ALLOC;
        std::string bytes = {};
        std::uint32_t link = 0;
        std::uint32_t info = 0;
        // In place of what build() works out.
        std::optional<std::uint64_t> offset = {};
        std::optional<std::uint64_t> size = {};
    };

    ElfBuilder() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] =
            __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_REL;
        header.e_machine = this_machine;
        header.e_version = EV_CURRENT;
        header.e_ehsize = sizeof(Elf64_Ehdr);
        header.e_shentsize = sizeof(Elf64_Shdr);
        sections.push_back({.name = "", .type = SHT_NULL, .flags = 0});
        symbols_.push_back({});
    }

    Elf64_Ehdr header{}; // changed as a test likes; build() fills in the rest
    std::vector<Section> sections;
    bool with_symbols = true;

    std::size_t add(Section section) {
        sections.push_back(std::move(section));
        return sections.size() - 1;
    }

    Section& operator[](std::string_view name) {
        for (auto& section : sections)
            if (section.name == name)
                return section;
        return sections[add({.name = std::string(name)})];
    }

    std::size_t index(std::string_view name) {
        return std::size_t(&(*this)[name] - sections.data());
    }

    // The symbol's index.
    std::size_t symbol(
        std::string_view name,
        std::size_t section,
        std::uint64_t value = 0,
        std::uint64_t size = 0,
        unsigned char type = STT_OBJECT
    ) {
        Elf64_Sym symbol{};
        symbol.st_name = static_cast<Elf64_Word>(symbol_names_.size());
        symbol.st_info = ELF64_ST_INFO(STB_LOCAL, type);
        symbol.st_shndx = static_cast<Elf64_Section>(section);
        symbol.st_value = value;
        symbol.st_size = size;
        symbol_names_.append(name).push_back('\0');
        symbols_.push_back(symbol);
        return symbols_.size() - 1;
    }

    void relocate(
        std::size_t section,
        std::uint64_t offset,
        std::size_t symbol,
        std::int64_t addend = 0,
        std::uint32_t type = pointer
    ) {
        Elf64_Rela entry{};
        entry.r_offset = offset;
        entry.r_info = ELF64_R_INFO(std::uint64_t{symbol}, std::uint64_t{type});
        entry.r_addend = addend;
        auto const name = ".rela" + sections[section].name;
        (*this)[name].bytes.append(reinterpret_cast<char const*>(&entry), sizeof(entry));
        (*this)[name].type = SHT_RELA;
        (*this)[name].flags = 0;
        (*this)[name].info = static_cast<std::uint32_t>(section);
    }

    // Places everything. Of a copy, so that it can be called again after a change.
    std::string build() const {
        ElfBuilder copy = *this;
        copy.finish_tables();
        return copy.layout();
    }

private:
    void finish_tables() {
        if (with_symbols) {
            auto const names = add({".strtab", SHT_STRTAB, 0, symbol_names_});
            auto const table =
                add({".symtab", SHT_SYMTAB, 0, {}, static_cast<std::uint32_t>(names)});
            sections[table].bytes.assign(
                reinterpret_cast<char const*>(symbols_.data()), symbols_.size() * sizeof(Elf64_Sym)
            );
            for (auto& section : sections)
                if (section.type == SHT_RELA && section.link == 0)
                    section.link = static_cast<std::uint32_t>(table);
        }
        auto const names = add({".shstrtab", SHT_STRTAB, 0});
        header.e_shstrndx =
            header.e_shstrndx == 0 ? static_cast<Elf64_Half>(names) : header.e_shstrndx;
    }

    std::string layout() {
        auto& names = sections.back().bytes;
        std::vector<std::uint32_t> name_offsets;
        for (auto const& section : sections) {
            name_offsets.push_back(static_cast<std::uint32_t>(names.size()));
            names.append(section.name).push_back('\0');
        }
        std::string file(sizeof(Elf64_Ehdr), '\0');
        std::string table;
        for (std::size_t i = 0; i < sections.size(); ++i) {
            auto const& section = sections[i];
            Elf64_Shdr entry{};
            entry.sh_name = name_offsets[i];
            entry.sh_type = section.type;
            entry.sh_flags = section.flags;
            entry.sh_offset = section.offset.value_or(file.size());
            entry.sh_size = section.size.value_or(section.bytes.size());
            entry.sh_link = section.link;
            entry.sh_info = section.info;
            file += section.bytes;
            table.append(reinterpret_cast<char const*>(&entry), sizeof(entry));
        }
        if (header.e_shoff == 0)
            header.e_shoff = file.size();
        if (header.e_shnum == 0)
            header.e_shnum = static_cast<Elf64_Half>(sections.size());
        std::memcpy(file.data(), &header, sizeof(header));
        return file + table;
    }

    std::vector<Elf64_Sym> symbols_;
    std::string symbol_names_ = std::string(1, '\0');
};

// "name\0name\0…"
inline std::string strings(std::vector<std::string> const& list) {
    std::string all;
    for (auto const& text : list)
        all.append(text).push_back('\0');
    return all;
}

// The section __versions: a checksum and a name of 56 bytes for each symbol.
inline std::string
symbol_versions_section(std::vector<std::pair<std::string, std::uint64_t>> const& versions) {
    std::string bytes;
    for (auto const& [name, crc] : versions) {
        bytes.append(reinterpret_cast<char const*>(&crc), sizeof crc);
        bytes += name;
        bytes.resize((bytes.size() + 63) / 64 * 64);
    }
    return bytes;
}

// The start of every livepatch module: .modinfo and struct module, nothing patched.
inline ElfBuilder
livepatch_builder(std::string const& name = "lp_test", std::string const& release = "6.1.0-test") {
    ElfBuilder builder;
    builder[".modinfo"].bytes = strings(
        {"license=GPL",
         "livepatch=Y",
         "depends=",
         "name=" + name,
         "vermagic=" + release + " SMP preempt mod_unload modversions "}
    );
    auto& structure = builder[".gnu.linkonce.this_module"];
    structure.flags = SHF_ALLOC | SHF_WRITE;
    structure.bytes = std::string(24, '\0') + name + std::string(896 - 24 - name.size(), '\0');
    return builder;
}

inline std::string
livepatch_file(std::string const& name = "lp_test", std::string const& release = "6.1.0-test") {
    return livepatch_builder(name, release).build();
}

} // namespace livepatch::support
