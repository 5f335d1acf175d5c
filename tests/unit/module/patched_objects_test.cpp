#include "module/livepatch_module.hpp"
#include "support/catch.hpp"
#include "support/livepatch_builder.hpp"

using namespace livepatch;
using support::PatchedObject;

namespace {

module::LivepatchModule parse(support::ElfBuilder const& elf) {
    auto const file = elf.build();
    auto parsed = module::parse_module(std::as_bytes(std::span(file)), "x.ko");
    REQUIRE(parsed);
    return std::move(*parsed);
}

// "object: function,sympos …; object: …"
std::string objects_of(support::ElfBuilder const& elf) {
    std::string text;
    for (auto const& object : parse(elf).objects) {
        text += (text.empty() ? "" : "; ") + object.name + ":";
        for (auto const& function : object.functions)
            text += " " + function.name + "," + std::to_string(function.sympos);
    }
    return text;
}

std::vector<PatchedObject> const two_objects = {
    {"vmlinux", {{"cmdline_proc_show"}, {"show.isra.0", 2}}}, {"nf_tables", {{"nft_do_chain", 1}}}};

std::string const two_objects_text =
    "vmlinux: cmdline_proc_show,0 show.isra.0,2; nf_tables: nft_do_chain,1";

} // namespace

TEST_CASE("modules of kpatch-build name what they patch") {
    auto const made = support::kpatch_build(two_objects);
    CHECK(objects_of(made.elf) == two_objects_text);
    CHECK(parse(made.elf).replace == module::Replace::unknown);
    CHECK(objects_of(support::kpatch_build({}).elf).empty());
}

TEST_CASE("a kpatch list that is not as we know it tells nothing") {
    auto longer = support::kpatch_build(two_objects);
    longer.elf[".kpatch.funcs"].bytes += "12345678";
    CHECK(objects_of(longer.elf).empty());
    auto nameless = support::kpatch_build(two_objects);
    nameless.elf[".kpatch.funcs"].bytes += std::string(56, '\0');
    CHECK(objects_of(nameless.elf).empty());
    auto elsewhere = support::kpatch_build(two_objects);
    elsewhere.elf[".rodata.str1.1"].bytes.pop_back(); // the last string has no end
    CHECK(objects_of(elsewhere.elf).empty());
    auto twice = support::kpatch_build(two_objects);
    twice.point_to_string(twice.elf.index(".kpatch.funcs"), 40, "other");
    CHECK(objects_of(twice.elf).empty());
    for (std::string const name : {"", "a b", "a\nb", "\xff"}) {
        INFO(name);
        CHECK(objects_of(support::kpatch_build({{"vmlinux", {{name}}}}).elf).empty());
        CHECK(objects_of(support::kpatch_build({{name, {{"f"}}}}).elf).empty());
    }
    CHECK(objects_of(support::kpatch_build({{"vmlinux", {{std::string(512, 'f')}}}}).elf).empty());
    CHECK(objects_of(support::kpatch_build({{std::string(56, 'o'), {{"f"}}}}).elf).empty());
}

TEST_CASE("modules of klp-build name what they patch") {
    auto objects = two_objects;
    objects[0].name = ""; // how they say vmlinux
    auto const made = support::klp_build(objects);
    CHECK(objects_of(made.elf) == two_objects_text);
    CHECK(parse(made.elf).replace == module::Replace::unknown);
}

TEST_CASE("a klp-build list that is not as we know it tells nothing") {
    auto more = support::klp_build(two_objects);
    support::put(more.elf[".init.klp_objects"].bytes, 56, 9);
    CHECK(objects_of(more.elf).empty());
    auto huge = support::klp_build(two_objects);
    support::put(huge.elf[".init.klp_objects"].bytes, 56, 0xffffffff);
    CHECK(objects_of(huge.elf).empty());
    auto smaller = support::klp_build(two_objects); // without callbacks, as was proposed
    smaller.elf[".init.klp_objects"].bytes.resize(24);
    CHECK(objects_of(smaller.elf).empty());
    auto alone = support::klp_build(two_objects);
    alone.elf[".init.klp_funcs"].name = ".init.other";
    CHECK(objects_of(alone.elf).empty());
}

TEST_CASE("many objects that share their functions cost no more than they tell") {
    std::vector<PatchedObject> objects(1, {"", std::vector<support::PatchedFunction>(2000, {"f"})});
    auto made = support::klp_build(objects);
    auto& list = made.elf[".init.klp_objects"].bytes;
    auto const funcs_symbol =
        made.elf.symbol("", made.elf.index(".init.klp_funcs"), 0, 0, STT_SECTION);
    std::string const first = list;
    for (int i = 1; i < 20; ++i) {
        made.elf.relocate(
            made.elf.index(".init.klp_objects"),
            made.elf[".init.klp_objects"].bytes.size() + 8,
            funcs_symbol
        );
        made.elf[".init.klp_objects"].bytes += first;
    }
    CHECK(objects_of(made.elf).empty());
}

TEST_CASE("livepatch relocations name objects") {
    constexpr std::uint64_t livepatch_relocations = 0x00100000;
    auto made = support::kpatch_build({{"vmlinux", {{"f"}}}});
    auto const add = [&](std::string const& name, std::uint64_t flags) {
        made.elf.add({name, SHT_RELA, SHF_ALLOC | flags, {}, 0, 1});
    };
    add(".klp.rela.vmlinux..text", livepatch_relocations);
    add(".klp.rela.ext4..text.ext4_file_open", livepatch_relocations);
    add(".klp.rela.ext4..data", livepatch_relocations);
    add(".klp.rela.other..text", 0);
    add(".klp.rela.", livepatch_relocations);
    add(".klp.rela.a b..text", livepatch_relocations);
    add(".klp.rela." + std::string(56, 'a') + "..text", livepatch_relocations);
    CHECK(objects_of(made.elf) == "vmlinux: f,0; ext4:");
}
