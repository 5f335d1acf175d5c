#include "module/symbol_versions.hpp"
#include "support/catch.hpp"
#include "support/elf_builder.hpp"

using namespace livepatch;
using module::SymbolVersion;
using support::symbol_versions_section;

namespace {

std::string with(std::string const& section) {
    auto builder = support::livepatch_builder();
    builder[".modinfo"]; // what is there stays
    builder["__versions"].bytes = section;
    return builder.build();
}

auto read(std::string const& file) {
    return module::built_against(std::as_bytes(std::span(file)), "x.ko");
}

} // namespace

TEST_CASE("the checksums a module was compiled against") {
    auto const file = with(symbol_versions_section({{"module_layout", 0x12345678}, {"f", 1}}));
    std::vector<SymbolVersion> const expected{{"module_layout", 0x12345678}, {"f", 1}};
    CHECK(read(file)->versions == expected);
    auto const parsed = module::parse_module(std::as_bytes(std::span(file)), "x.ko");
    CHECK(parsed->versions == expected);
    CHECK(read(support::livepatch_file())->versions.empty());
}

TEST_CASE("a table of checksums that is damaged is refused") {
    auto const good = symbol_versions_section({{"module_layout", 1}});
    auto const file = GENERATE_COPY(
        good.substr(0, 63),                                             // cut off
        good.substr(0, 8) + std::string(56, 'x'),                       // no end
        good.substr(0, 8) + std::string(56, '\0'),                      // no name
        symbol_versions_section({std::size_t{16 * 1024 + 1}, {"f", 1}}) // no end in sight
    );
    auto const refused = read(with(file));
    REQUIRE(refused.has_error());
    CHECK(refused.error().subject == "x.ko");
    CHECK(refused.error().cause.starts_with("damaged module: '__versions'"));
}
