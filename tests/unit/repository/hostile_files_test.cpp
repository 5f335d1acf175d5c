// A directory full of what nobody would put there with good intentions. Each is refused with its
// name and the cause; the good patch in their midst is offered.
#include "repository/directory_source.hpp"
#include "support/catch.hpp"
#include "support/compressor.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"

#include <cstring>
#include <filesystem>
#include <set>

using namespace livepatch;
using namespace repository;
using support::ModuleFile;
using support::test_key;
namespace fs = std::filesystem;

namespace {

struct Bench {
    support::TemporaryDirectory directory;
    support::FakeKernelTree tree;
    RunningKernel kernel{"6.1.0-56-amd64", "", tree.root()};
    DirectorySource source{
        {.name = "test", .path = directory.path() / "source", .keys = {}},
        directory.path() / "keys",
        kernel};

    Bench() {
        directory.write("keys/k.pem", test_key().certificate_pem());
        put("lp_good.ko", ModuleFile{.name = "lp_good"}.signed_by(test_key()));
    }

    void put(std::string const& name, std::string const& content) const {
        directory.write("source/" + name, content);
    }

    // Why it is refused; the good one never is.
    std::string refusal_of(std::string const& name) {
        auto const path = (directory.path() / "source" / name).string();
        auto const listing = source.list();
        bool good = false;
        for (auto const& offer : listing.offers)
            good = good || (offer.name() == "lp_good" && !offer.refused);
        CHECK(good);
        for (auto const& problem : listing.problems)
            if (problem.subject == path) {
                CHECK(problem.code == base::Errc::verification_failed);
                return problem.cause;
            }
        return {};
    }

    std::string refusal_of_content(std::string const& content, std::string const& suffix = "") {
        put("x.ko" + suffix, content);
        return refusal_of("x.ko" + suffix);
    }
};

std::string bad_module() {
    return ModuleFile{.name = "lp_bad"}.unsigned_bytes();
}

template <class Header>
std::string with_header(std::string file, std::size_t at, void (*change)(Header&)) {
    Header header{};
    std::memcpy(&header, file.data() + at, sizeof header);
    change(header);
    std::memcpy(file.data() + at, &header, sizeof header);
    return file;
}

std::string with_elf_header(void (*change)(Elf64_Ehdr&)) {
    return with_header<Elf64_Ehdr>(bad_module(), 0, change);
}

std::vector<Elf64_Shdr> sections_of(std::string const& file) {
    Elf64_Ehdr header{};
    std::memcpy(&header, file.data(), sizeof header);
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    std::memcpy(
        sections.data(), file.data() + header.e_shoff, sections.size() * sizeof sections[0]
    );
    return sections;
}

std::string with_section(std::size_t index, void (*change)(Elf64_Shdr&)) {
    auto const file = bad_module();
    Elf64_Ehdr header{};
    std::memcpy(&header, file.data(), sizeof header);
    return with_header<Elf64_Shdr>(file, header.e_shoff + index * sizeof(Elf64_Shdr), change);
}

std::string sign(support::SignOptions const& options) {
    return support::sign_module(bad_module(), test_key(), options);
}

} // namespace

TEST_CASE("hostile: cut off at every boundary of a section, and beside it") {
    Bench bench;
    auto const file = bad_module();
    std::set<std::size_t> ends{0, 1, sizeof(Elf64_Ehdr)};
    for (auto const& section : sections_of(file))
        if (section.sh_type != SHT_NULL)
            for (auto const at : {section.sh_offset, section.sh_offset + section.sh_size})
                ends.insert({at - 1, at, at + 1});
    CHECK(ends.size() > 20);
    for (auto const end : ends) {
        INFO("cut off at byte " << end);
        auto const cause = bench.refusal_of_content(file.substr(0, end));
        CHECK_FALSE(cause.empty());
        CHECK((end == 0) == (cause == "empty file"));
    }
}

TEST_CASE("hostile: not for this machine") {
    Bench bench;
    CHECK(
        bench.refusal_of_content(with_elf_header([](auto& elf) { elf.e_machine = EM_RISCV; })) ==
        "not a module for this machine: ELF machine is 243, not " +
            std::to_string(support::ElfBuilder::this_machine)
    );
    CHECK(bench.refusal_of_content(with_elf_header([](auto& elf) {
        elf.e_ident[EI_CLASS] = ELFCLASS32;
    })) == "not a module for this machine: not a 64-bit ELF file");
}

TEST_CASE("hostile: offsets and counts beyond the end") {
    Bench bench;
    auto const outside = "damaged module: section headers are not in the file";
    CHECK(bench.refusal_of_content(with_elf_header([](auto& elf) {
        elf.e_shoff = ~0ULL;
    })) == outside);
    CHECK(bench.refusal_of_content(with_elf_header([](auto& elf) {
        elf.e_shoff = 1ULL << 40;
    })) == outside);
    CHECK(bench.refusal_of_content(with_elf_header([](auto& elf) {
        elf.e_shnum = 0xfeff;
    })) == outside);
    CHECK(bench.refusal_of_content(with_elf_header([](auto& elf) { elf.e_shnum = 0; })) == outside);
    CHECK(bench.refusal_of_content(with_elf_header([](auto& elf) {
        elf.e_shstrndx = 0xfeff;
    })) == "damaged module: no table of section names");
    for (std::size_t i = 1; i < sections_of(bad_module()).size(); ++i) {
        INFO("section " << i);
        auto const cause = "damaged module: section " + std::to_string(i) +
                           " is not in the file, or overlaps another";
        CHECK(bench.refusal_of_content(with_section(i, [](auto& section) {
            section.sh_type = section.sh_type == SHT_NOBITS ? SHT_PROGBITS : section.sh_type;
            section.sh_offset = ~0ULL;
        })) == cause);
        CHECK(bench.refusal_of_content(with_section(i, [](auto& section) {
            section.sh_size = ~0ULL;
        })) == cause);
    }
}

TEST_CASE("hostile: tables of strings without an end") {
    Bench bench;
    auto const sections = sections_of(bad_module());
    int tables = 0;
    for (auto const& section : sections) {
        if (section.sh_type != SHT_STRTAB)
            continue;
        auto file = bad_module();
        file.replace(section.sh_offset, section.sh_size, std::string(section.sh_size, 'x'));
        CHECK(bench.refusal_of_content(file).ends_with("names has no end"));
        ++tables;
    }
    CHECK(tables == 2);
}

TEST_CASE("hostile: signatures") {
    Bench bench;
    auto const form = support::kernel_form;
    auto const stranger = support::SigningKey::ec("P-256", "a stranger");
    SECTION("longer than the file") {
        auto file = sign({});
        file.replace(file.size() - 32, 4, "\x7f\xff\xff\xff");
        CHECK(bench.refusal_of_content(file) == "malformed module signature: impossible length");
    }
    SECTION("several, one of them a stranger's") {
        auto const both = support::sign_pkcs7(bad_module(), {&test_key(), &stranger});
        auto const cause = bench.refusal_of_content(support::append_signature(bad_module(), both));
        CHECK(cause.find("a stranger") != std::string::npos);
    }
    SECTION("several, more than anybody needs") {
        std::vector<support::SigningKey const*> const keys(5, &test_key());
        auto const many = support::sign_pkcs7(bad_module(), keys);
        CHECK(
            bench.refusal_of_content(support::append_signature(bad_module(), many)) ==
            "signature has 5 signers"
        );
    }
    SECTION("several, all known: each counts") {
        auto const both = support::sign_pkcs7(bad_module(), {&test_key(), &test_key()});
        CHECK(bench.refusal_of_content(support::append_signature(bad_module(), both)).empty());
    }
    SECTION("with signed attributes") {
        auto const cause = bench.refusal_of_content(sign({.flags = form & ~unsigned{CMS_NOATTR}}));
        CHECK(cause.find("signed attributes") != std::string::npos);
    }
    SECTION("over a weak digest") {
        auto const* const digest = GENERATE("MD5", "SHA1");
        static auto const key = support::SigningKey::rsa(2048); // ECDSA knows no MD5
        auto const cause =
            bench.refusal_of_content(support::sign_module(bad_module(), key, {.digest = digest}));
        CHECK(cause.find(digest == std::string_view("MD5") ? "md5" : "sha1") != std::string::npos);
    }
    SECTION("by a certificate that has expired: the kernel does not mind, nor do we") {
        auto const expired = test_key().with_validity(-7200, -3600);
        bench.directory.write("keys/k.pem", expired.certificate_pem());
        CHECK(bench.refusal_of_content(support::sign_module(bad_module(), expired)).empty());
    }
}

TEST_CASE("hostile: what unpacks to more than any module has") {
    Bench bench;
    auto const cause = "unpacks to more than 67108864 bytes";
    std::string const zeros(std::size_t{65} * 1024 * 1024, '\0');
    CHECK(bench.refusal_of_content(support::gzip(zeros), ".gz") == cause);
    CHECK(bench.refusal_of_content(support::xz(zeros), ".xz") == cause);
    CHECK(bench.refusal_of_content(support::zstd(zeros), ".zst") == cause);
}

TEST_CASE("hostile: a file of a gigabyte, all of it a hole") {
    Bench bench;
    bench.put("x.ko", "");
    fs::resize_file(bench.directory.path() / "source/x.ko", 1U << 30U);
    CHECK(bench.refusal_of("x.ko") == "longer than 67108864 bytes");
}
