#include "module/livepatch_module.hpp"
#include "support/catch.hpp"
#include "support/livepatch_builder.hpp"

#include <functional>
#include <memory>

using namespace livepatch;
using support::ElfBuilder;
using support::livepatch_builder;

namespace {

// From a buffer of exactly this size, so that the sanitizer sees a read beyond the end.
base::Result<module::LivepatchModule> parse(std::string_view file) {
    auto const copy = std::make_unique<std::byte[]>(file.size());
    std::memcpy(copy.get(), file.data(), file.size());
    return module::parse_module({copy.get(), file.size()}, "x.ko");
}

std::string refusal_of(ElfBuilder const& builder) {
    auto const parsed = parse(builder.build());
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == base::Errc::verification_failed);
    return parsed.error().cause;
}

std::string with_header(std::function<void(Elf64_Ehdr&)> const& change) {
    auto builder = livepatch_builder();
    change(builder.header);
    return refusal_of(builder);
}

} // namespace

TEST_CASE("files that are no module for this machine are refused") {
    CHECK(parse("").error().cause == "not a kernel module: too short for an ELF file");
    CHECK(
        parse("#!/bin/sh\n" + std::string(64, ' ')).error().cause ==
        "not a kernel module: no ELF file"
    );
    CHECK(with_header([](auto& header) {
              header.e_ident[EI_CLASS] = ELFCLASS32;
          }) == "not a module for this machine: not a 64-bit ELF file");
    CHECK(with_header([](auto& header) {
              header.e_ident[EI_DATA] ^= 3;
          }) == "not a module for this machine: other byte order");
    CHECK(with_header([](auto& header) { header.e_machine = EM_RISCV; }
    ).starts_with("not a module for this machine: ELF machine is 243, not "));
    for (auto const type : {ET_EXEC, ET_DYN, ET_CORE, ET_NONE})
        CHECK(with_header([&](auto& header) {
                  header.e_type = static_cast<Elf64_Half>(type);
              }) == "not a kernel module: no relocatable ELF object");
    CHECK(with_header([](auto& header) {
              header.e_version = 2;
          }) == "damaged module: unknown ELF version");
    CHECK(with_header([](auto& header) {
              header.e_shentsize = 40;
          }) == "damaged module: section headers of odd size");
}

TEST_CASE("section headers must be in the file") {
    std::string const missing = "damaged module: section headers are not in the file";
    for (std::uint64_t const offset :
         {std::uint64_t{1} << 20, ~std::uint64_t{0}, ~std::uint64_t{0} - 63})
        CHECK(with_header([&](auto& header) { header.e_shoff = offset; }) == missing);
    CHECK(with_header([](auto& header) { header.e_shnum = 60'000; }) == missing);
    CHECK(with_header([](auto& header) { header.e_shnum = SHN_LORESERVE; }) == missing);
    CHECK(with_header([](auto& header) {
              header.e_shstrndx = 1000;
          }) == "damaged module: no table of section names");
    CHECK(with_header([](auto& header) {
              header.e_shstrndx = 1;
          }) == "damaged module: table of section names has no end");
}

TEST_CASE("sections must be in the file and may not overlap") {
    for (std::uint64_t const value :
         {std::uint64_t{1} << 20, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        auto far = livepatch_builder();
        far[".modinfo"].offset = value;
        CHECK(
            refusal_of(far) == "damaged module: section 1 is not in the file, or overlaps another"
        );
        auto large = livepatch_builder();
        large[".modinfo"].size = value;
        CHECK(
            refusal_of(large) == "damaged module: section 1 is not in the file, or overlaps another"
        );
    }
    auto overlapping = livepatch_builder();
    for (int i = 0; i < 3; ++i)
        overlapping.add({.name = "all", .offset = 0, .size = 1500});
    CHECK(refusal_of(overlapping).ends_with("is not in the file, or overlaps another"));
    auto memory_only = livepatch_builder();
    memory_only.add({.name = ".bss", .type = SHT_NOBITS, .offset = ~0UL, .size = ~0UL});
    CHECK(parse(memory_only.build()));
    auto first = livepatch_builder();
    first.sections[0].size = 1;
    CHECK(refusal_of(first) == "damaged module: section 0 is not empty");
}

TEST_CASE("names and symbols must end in their tables") {
    auto long_name = livepatch_builder();
    long_name[std::string(2000, 'n')].bytes = "x";
    CHECK(refusal_of(long_name).ends_with("has no name"));
    auto stripped = livepatch_builder();
    stripped.with_symbols = false;
    CHECK(refusal_of(stripped) == "not a kernel module: no symbols (stripped?)");
    auto odd = livepatch_builder();
    odd.with_symbols = false;
    auto const names =
        static_cast<std::uint32_t>(odd.add({".strtab", SHT_STRTAB, 0, std::string(4, '\0')}));
    odd.add({".symtab", SHT_SYMTAB, 0, std::string(25, '\0'), names});
    CHECK(refusal_of(odd) == "damaged module: symbol table is cut off");
    odd[".symtab"].bytes = std::string(48, '\x7f');
    CHECK(refusal_of(odd) == "damaged module: symbol 0 has no name");
    odd[".symtab"].bytes = std::string(48, '\0');
    CHECK(parse(odd.build()));
    odd[".strtab"].bytes = "x";
    CHECK(refusal_of(odd) == "damaged module: table of symbol names has no end");
    odd[".strtab"].bytes = std::string(4, '\0');
    odd[".symtab"].link = 1;
    CHECK(refusal_of(odd) == "damaged module: table of symbol names has no end");
    odd[".symtab"].link = 100'000;
    CHECK(refusal_of(odd) == "damaged module: table of symbol names has no end");
    auto twice = livepatch_builder();
    twice.add({".symtab2", SHT_SYMTAB, 0, std::string(24, '\0')});
    CHECK(refusal_of(twice) == "damaged module: more than one symbol table");
}

TEST_CASE("relocation tables must be whole and relocate something") {
    auto builder = livepatch_builder();
    builder.add({".rela.text", SHT_RELA, 0, std::string(25, '\0'), 0, 1});
    CHECK(refusal_of(builder) == "damaged module: '.rela.text' is cut off");
    builder[".rela.text"].bytes.pop_back();
    CHECK(parse(builder.build()));
    builder[".rela.text"].info = 100;
    CHECK(refusal_of(builder) == "damaged module: '.rela.text' relocates nothing");
    builder[".rela.text"].info = 1;
    builder[".rela.text"].link = 1;
    CHECK(refusal_of(builder) == "damaged module: '.rela.text' relocates nothing");
}

TEST_CASE("a module that is cut off anywhere is refused") {
    for (auto const& file :
         {support::StaticPatch{}.build(),
          support::kpatch_build({{"vmlinux", {{"f"}}}}).elf.build()}) {
        REQUIRE(parse(file));
        for (std::size_t size = 0; size < file.size(); ++size) {
            INFO("at " << size);
            CHECK(parse(std::string_view(file).substr(0, size)).has_error());
        }
    }
}

TEST_CASE("a changed byte anywhere is refused or read, nothing else") {
    for (auto const& file :
         {support::StaticPatch{}.build(), support::klp_build({{"", {{"f"}}}}).elf.build()}) {
        for (std::size_t at = 0; at < file.size(); ++at) {
            for (unsigned const bits : {0xffU, 0x01U, 0x80U}) {
                auto changed = file;
                changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bits);
                auto const parsed = parse(changed);
                if (parsed.has_error())
                    REQUIRE(parsed.error().code == base::Errc::verification_failed);
            }
        }
    }
}
