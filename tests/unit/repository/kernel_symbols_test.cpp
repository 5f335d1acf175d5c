#include "repository/kernel_symbols.hpp"
#include "support/catch.hpp"
#include "support/compressor.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"

using namespace livepatch;
using module::SymbolVersion;
using repository::KernelSymbols;
using support::ModuleFile;

namespace {

constexpr auto release = "6.1.0-56-amd64";

struct Bench {
    support::FakeKernelTree tree;
    KernelSymbols symbols{tree.root(), release};

    // A module of the kernel, and what is loaded under its name.
    void install(
        std::string const& name,
        ModuleFile const& module,
        std::string const& loaded_build_id,
        std::string const& suffix = ".ko"
    ) {
        auto content = module.unsigned_bytes();
        if (suffix == ".ko.xz")
            content = support::xz(content);
        auto const path = "kernel/" + name + suffix;
        list += path + ": kernel/other.ko\n";
        tree.write("lib/modules/6.1.0-56-amd64/" + path, content);
        tree.write("lib/modules/6.1.0-56-amd64/modules.dep", list);
        auto plain = name;
        std::replace(plain.begin(), plain.end(), '-', '_');
        if (!loaded_build_id.empty())
            tree.set_module(plain, {.build_id = loaded_build_id});
    }

    std::string refusal(std::vector<SymbolVersion> const& versions) {
        auto const checked = symbols.check(versions, "lp.ko");
        if (checked)
            return {};
        CHECK(checked.error().code == base::Errc::wrong_kernel);
        CHECK(checked.error().subject == "lp.ko");
        return checked.error().cause;
    }

    std::string list;
};

ModuleFile module_with(std::string build_id, std::uint64_t layout, std::uint64_t f = 7) {
    return {.build_id = std::move(build_id), .versions = {{"module_layout", layout}, {"f", f}}};
}

} // namespace

TEST_CASE("where nothing is known, the kernel decides") {
    Bench bench;
    CHECK(bench.refusal({{"module_layout", 1}}).empty());
    CHECK(bench.refusal({}).empty());
}

TEST_CASE("a loaded module proves the checksums in its file") {
    Bench bench;
    bench.install("snd-pcm", module_with("aa00", 0xabc), "aa00", GENERATE(".ko", ".ko.xz"));
    CHECK(bench.refusal({{"module_layout", 0xabc}, {"f", 7}, {"not_known", 1}}).empty());
    CHECK(
        bench.refusal({{"module_layout", 0xabd}}) ==
        "built against another interface of the kernel: module_layout has the checksum 00000abd "
        "there, 00000abc in the running kernel"
    );
    CHECK(bench.refusal({{"f", 8}}).find("f has the checksum 00000008") != std::string::npos);
    CHECK(bench.refusal({}) == "carries no symbol versions, as all modules of this kernel do");
}

TEST_CASE("a file proves nothing unless the very module is loaded") {
    Bench bench;
    SECTION("not loaded") {
        bench.install("ext4", module_with("aa00", 0xabc), "");
    }
    SECTION("another build is loaded, as after an upgrade without a reboot") {
        bench.install("ext4", module_with("aa00", 0xabc), "bb00");
    }
    SECTION("no build-id in the file") {
        bench.install("ext4", module_with("", 0xabc), "aa00");
    }
    SECTION("damaged") {
        bench.install("ext4", module_with("aa00", 0xabc), "aa00");
        bench.tree.write("lib/modules/6.1.0-56-amd64/kernel/ext4.ko", "damaged");
    }
    CHECK(bench.refusal({{"module_layout", 1}}).empty());
    CHECK(bench.refusal({}).empty());
}

TEST_CASE("several modules together know more") {
    Bench bench;
    bench.install("a", module_with("aa00", 0xabc), "bb00"); // proves nothing
    bench.install("b", {.build_id = "cc00", .versions = {{"module_layout", 0xabc}}}, "cc00");
    bench.install("c", {.build_id = "dd00", .versions = {{"g", 9}}}, "dd00");
    CHECK(bench.refusal({{"module_layout", 0xabc}, {"g", 9}}).empty());
    CHECK_FALSE(bench.refusal({{"g", 10}}).empty());
    // Asked for again, nothing is read again.
    bench.tree.write("lib/modules/6.1.0-56-amd64/modules.dep", "");
    CHECK_FALSE(bench.refusal({{"g", 11}}).empty());
}
