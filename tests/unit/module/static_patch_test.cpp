#include "module/livepatch_module.hpp"
#include "support/catch.hpp"
#include "support/livepatch_builder.hpp"

#include <functional>

using namespace livepatch;
using module::Replace;
using support::PatchBuilder;
using support::StaticPatch;

namespace {

#if defined(__x86_64__)
constexpr bool can_be_proven = true;
#else
constexpr bool can_be_proven = false;
#endif

Replace told(Replace value) {
    return can_be_proven ? value : Replace::unknown;
}

module::LivepatchModule parse(std::string const& file) {
    auto parsed = module::parse_module(std::as_bytes(std::span(file)), "x.ko");
    REQUIRE(parsed);
    return std::move(*parsed);
}

std::vector<support::PatchedObject> const three_objects = {
    {"", {{"cmdline_proc_show"}, {"meminfo_proc_show", 1}, {"version_proc_show"}}},
    {"nf_tables", {{"nft_do_chain", 2}}},
    {"ext4", {{"ext4_file_open"}, {"ext4_release_file"}}}};

// A good one with one thing changed.
module::LivepatchModule changed(std::function<void(PatchBuilder&)> const& change) {
    auto builder = StaticPatch{.objects = three_objects}.builder();
    change(builder);
    return parse(builder.elf.build());
}

// Nothing may be believed of this one.
void check_silent(std::function<void(PatchBuilder&)> const& change) {
    auto const module = changed(change);
    CHECK(module.objects.empty());
    CHECK(module.replace == Replace::unknown);
}

// The structure is there, but the code may have changed `replace`.
void check_unproven(std::function<void(PatchBuilder&)> const& change) {
    auto const module = changed(change);
    CHECK(module.objects.size() == 3);
    CHECK(module.replace == Replace::unknown);
}

constexpr std::uint64_t object_size = 168;
constexpr std::uint64_t function_size = 152;
constexpr std::uint64_t objects_at = 224;
constexpr std::uint64_t functions_at = objects_at + 4 * object_size + 48; // of the first object

} // namespace

TEST_CASE("a patch written by hand is read") {
    auto const module = parse(StaticPatch{.objects = three_objects}.build());
    REQUIRE(module.objects.size() == 3);
    CHECK(module.objects[0].name == "vmlinux");
    REQUIRE(module.objects[0].functions.size() == 3);
    CHECK(module.objects[0].functions[1].name == "meminfo_proc_show");
    CHECK(module.objects[0].functions[1].sympos == 1);
    CHECK(module.objects[1].name == "nf_tables");
    REQUIRE(module.objects[1].functions.size() == 1);
    CHECK(module.objects[1].functions[0].sympos == 2);
    CHECK(module.objects[2].functions.size() == 2);
    CHECK(module.replace == told(Replace::no));
}

TEST_CASE("replace is told when nothing can have changed it") {
    CHECK(parse(StaticPatch{.replace = 0}.build()).replace == told(Replace::no));
    CHECK(parse(StaticPatch{.replace = 1}.build()).replace == told(Replace::yes));
    CHECK(
        parse(StaticPatch{.replace = 1, .with_states = true}.build()).replace == told(Replace::yes)
    );
    CHECK(parse(StaticPatch{.replace = 2}.build()).replace == Replace::unknown);
}

TEST_CASE("the sizes of the kernel's structures do not matter") {
    // CONFIG_DEBUG_KOBJECT_RELEASE, lockdep and the like make them larger.
    StaticPatch const other{
        .objects = three_objects,
        .replace = 0,
        .patch_size = 424,
        .object_size = 264,
        .function_size = 248};
    auto const module = parse(other.build());
    CHECK(module.objects.size() == 3);
    CHECK(module.replace == told(Replace::no));
}

TEST_CASE("replace is told for kernels whose structure we know") {
    auto const replace_for = [](std::string const& release) {
        return parse(StaticPatch{.release = release}.build()).replace;
    };
    for (auto const* known : {"5.1.0", "5.4.0-generic", "5.10", "6.12.38+deb13-amd64", "7.2.13"}) {
        INFO(known);
        CHECK(replace_for(known) == told(Replace::no));
    }
    for (auto const* unknown : {"4.18.0-553.el8", "5.0.21", "7.3.0", "8.0", "6", "6.x", "next"}) {
        INFO(unknown);
        CHECK(replace_for(unknown) == Replace::unknown);
    }
}

TEST_CASE("a kernel before the states has replace in their place") {
    check_silent([](PatchBuilder& made) { made.elf[".data"].bytes[16] = 1; });
}

TEST_CASE("code that may change replace makes it unknown") {
    auto const text = [](PatchBuilder& made) { return made.elf.index(".text"); };
    auto const data_symbol = [](PatchBuilder& made) {
        return made.elf.symbol("", made.elf.index(".data"), 0, 0, STT_SECTION);
    };
    SECTION("patch.replace = parameter, as in the kernel's test_klp_atomic_replace.c") {
        check_unproven([&](PatchBuilder& made) {
            made.elf.relocate(text(made), 0x50, data_symbol(made), 24 - 4, R_X86_64_PC32);
        });
    }
    SECTION("a store with an immediate behind its address") {
        check_unproven([&](PatchBuilder& made) {
            made.elf.relocate(text(made), 0x50, data_symbol(made), 24 - 8, R_X86_64_PC32);
        });
    }
    SECTION("a module parameter that is the member itself") {
        check_unproven([&](PatchBuilder& made) {
            auto const parameters =
                made.elf.add({"__param", SHT_PROGBITS, SHF_ALLOC, std::string(40, '\0')});
            made.elf.relocate(parameters, 32, data_symbol(made), 24);
        });
    }
    SECTION("a pointer to the patch") {
        check_unproven([&](PatchBuilder& made) {
            auto const at = made.elf[".data"].bytes.size();
            made.elf[".data"].bytes += std::string(8, '\0');
            made.elf.relocate(made.elf.index(".data"), at, data_symbol(made), 0);
        });
    }
    SECTION("instructions between the address and the call") {
        check_unproven([](PatchBuilder& made) {
            // setne patch+24(%rdi) would fit here
            made.elf[".text"].bytes.insert(7, "\x0f\x95\x47\x18", 4);
            made.elf[".rela.text"].bytes.resize(24);
            auto const enable = made.elf.symbol("klp_enable_patch", SHN_UNDEF, 0, 0, STT_NOTYPE);
            made.elf.relocate(made.elf.index(".text"), 12, enable, -4, R_X86_64_PLT32);
        });
    }
    SECTION("another register") {
        check_unproven([](PatchBuilder& made) { made.elf[".text"].bytes[2] = '\xc3'; });
    }
    SECTION("another instruction than a call") {
        check_unproven([](PatchBuilder& made) { made.elf[".text"].bytes[7] = '\xc7'; });
    }
    SECTION("a second call of klp_enable_patch") {
        check_unproven([&](PatchBuilder& made) {
            auto const enable = made.elf.symbol("klp_enable_patch", SHN_UNDEF, 0, 0, STT_NOTYPE);
            made.elf.relocate(text(made), 0x60, enable, -4, R_X86_64_PLT32);
        });
    }
    SECTION("no call at all") {
        check_unproven([](PatchBuilder& made) { made.elf[".rela.text"].bytes.resize(24); });
    }
    SECTION("a relocation without a symbol") {
        check_unproven([&](PatchBuilder& made) {
            made.elf.relocate(text(made), 0x60, 1'000'000, 0, R_X86_64_PLT32);
        });
    }
}

#if defined(__x86_64__)
TEST_CASE("other ways to call with the patch as it is") {
    auto const with_code =
        [](std::string const& code, std::uint64_t operand, std::uint32_t type, std::int64_t addend
        ) {
            return changed([&](PatchBuilder& made) {
                       made.elf[".text"].bytes.replace(0, code.size(), code);
                       made.elf[".rela.text"].bytes.clear();
                       auto const text = made.elf.index(".text");
                       auto const data =
                           made.elf.symbol("", made.elf.index(".data"), 0, 0, STT_SECTION);
                       auto const enable =
                           made.elf.symbol("klp_enable_patch", SHN_UNDEF, 0, 0, STT_NOTYPE);
                       made.elf.relocate(text, 3, data, addend, type);
                       made.elf.relocate(text, operand, enable, -4, R_X86_64_PLT32);
                   }
            ).replace;
        };
    std::string const mov("\x48\xc7\xc7\0\0\0\0", 7);
    std::string const lea("\x48\x8d\x3d\0\0\0\0", 7);
    CHECK(with_code(mov + std::string("\xe8\0\0\0\0", 5), 8, R_X86_64_32S, 0) == Replace::no);
    CHECK(with_code(lea + std::string("\xe8\0\0\0\0", 5), 8, R_X86_64_PC32, -4) == Replace::no);
    CHECK(
        with_code(mov + std::string("\x5b\x41\x5c\x5d\xe9\0\0\0\0", 9), 12, R_X86_64_32S, 0) ==
        Replace::no
    );
    // pop %rdi: the argument is something else.
    CHECK(
        with_code(mov + std::string("\x5f\xe9\0\0\0\0", 6), 9, R_X86_64_32S, 0) == Replace::unknown
    );
    CHECK(with_code(mov + std::string("\xe9\0\0\0\0", 5), 8, R_X86_64_32S, 8) == Replace::unknown);
    CHECK(with_code(lea + std::string("\xe9\0\0\0\0", 5), 8, R_X86_64_32S, 0) == Replace::unknown);
}
#endif

TEST_CASE("a structure that is not whole is not believed") {
    auto const data = [](PatchBuilder& made) { return made.elf.index(".data"); };
    SECTION("a second one") {
        check_silent([&](PatchBuilder& made) {
            auto& bytes = made.elf[".data"].bytes;
            auto const at = bytes.size();
            bytes += std::string(200, '\0');
            auto const this_module =
                made.elf.symbol("__this_module", made.elf.index(".gnu.linkonce.this_module"));
            auto const here = made.elf.symbol("", data(made), 0, 0, STT_SECTION);
            made.elf.relocate(data(made), at, this_module);
            made.elf.relocate(data(made), at + 8, here, 8);
        });
    }
    SECTION("without symbols of its own (strip --strip-unneeded)") {
        auto builder = StaticPatch{}.builder();
        support::ElfBuilder stripped = support::livepatch_builder();
        for (auto const& section : builder.elf.sections)
            if (section.name == ".text" || section.name == ".data" ||
                section.name == ".rodata.str1.1")
                stripped.add(section);
        CHECK(parse(stripped.build()).objects.empty());
    }
    SECTION("two symbols of different size at one place") {
        check_silent([&](PatchBuilder& made) { made.elf.symbol("alias", data(made), 0, 64); });
    }
    SECTION("a symbol that reaches beyond the section") {
        check_silent([&](PatchBuilder& made) {
            made.elf[".data"].bytes.resize(made.elf[".data"].bytes.size() - 300);
        });
    }
    SECTION("a byte that belongs to the kernel") {
        check_silent([](PatchBuilder& made) { made.elf[".data"].bytes[32] = 1; });
        check_silent([](PatchBuilder& made) { made.elf[".data"].bytes[25] = 1; });
        check_silent([](PatchBuilder& made) { made.elf[".data"].bytes[objects_at + 48] = 1; });
        check_silent([](PatchBuilder& made) { made.elf[".data"].bytes[functions_at + 24] = 1; });
        check_silent([](PatchBuilder& made) {
            made.elf[".data"].bytes[functions_at + 3 * function_size] = 1;
        });
    }
    SECTION("a pointer where none belongs") {
        for (auto const at :
             {std::uint64_t{40},
              objects_at + 48,
              objects_at + 3 * object_size,
              functions_at + 16,
              functions_at + 3 * function_size + 8})
            check_silent([&](PatchBuilder& made) { made.point_to_code(data(made), at); });
        check_silent([&](PatchBuilder& made) { made.point_to_code(data(made), objects_at); });
        check_silent([&](PatchBuilder& made) {
            made.point_to_string(data(made), functions_at + 3 * function_size, "x");
        });
    }
    SECTION("two pointers at one place, or overlapping") {
        check_silent([&](PatchBuilder& made) { made.point_to_code(data(made), functions_at + 8); });
        check_silent([&](PatchBuilder& made) { made.point_to_code(data(made), functions_at + 12); }
        );
    }
    SECTION("data with other relocations than pointers") {
        check_silent([&](PatchBuilder& made) {
            made.elf.relocate(data(made), 190, made.text_symbol, 0, R_X86_64_PC32);
        });
    }
    SECTION("entries at odd distances") {
        check_silent([&](PatchBuilder& made) {
            made.point_to_string(data(made), functions_at + 3 * function_size - 16, "x");
        });
    }
    SECTION("a name that has no end") {
        check_silent([](PatchBuilder& made) {
            auto& names = made.elf[".rodata.str1.1"].bytes;
            names.erase(names.find("ext4"));
        });
    }
    SECTION("a name that can be none") {
        auto objects = three_objects;
        objects[2].functions[1].name = "a b";
        CHECK(parse(StaticPatch{.objects = objects}.build()).objects.empty());
        objects = three_objects;
        objects[2].name = "a/b";
        CHECK(parse(StaticPatch{.objects = objects}.build()).objects.empty());
    }
    SECTION("no objects, no functions") {
        CHECK(parse(StaticPatch{.objects = {}}.build()).objects.empty());
        CHECK(parse(StaticPatch{.objects = {{"", {}}}}.build()).objects.empty());
    }
}

TEST_CASE("debug information does not matter") {
    auto const module = changed([](PatchBuilder& made) {
        auto const debug = made.elf.add({".debug_info", SHT_PROGBITS, 0, std::string(64, '\0')});
        auto const here = made.elf.symbol("", made.elf.index(".data"), 0, 0, STT_SECTION);
        made.elf.relocate(debug, 8, here, 0);
    });
    CHECK(module.replace == told(Replace::no));
}

TEST_CASE("callbacks do not matter") {
    auto const module = changed([](PatchBuilder& made) {
        for (std::uint64_t i = 0; i < 4; ++i)
            made.point_to_code(made.elf.index(".data"), objects_at + 16 + i * 8);
    });
    CHECK(module.objects.size() == 3);
    CHECK(module.replace == told(Replace::no));
}
