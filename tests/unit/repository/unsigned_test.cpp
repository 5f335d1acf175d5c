#include "repository/sources.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"

using namespace livepatch;
using base::Errc;
using namespace repository;
using support::ModuleFile;

namespace {

// A laboratory's source, and a real one beside it.
struct Bench {
    support::TemporaryDirectory directory;
    support::FakeKernelTree tree;
    Sources sources{
        {{.name = "lab", .path = directory.path() / "lab", .keys = {}, .trust = Trust::none},
         {.name = "real", .path = directory.path() / "real", .keys = {}}},
        directory.path() / "keys",
        RunningKernel("6.1.0-56-amd64", "", tree.root())};

    Bench() {
        directory.write("keys/k.pem", support::test_key().certificate_pem());
        directory.write("lab/lp_one.ko", ModuleFile{}.unsigned_bytes());
        directory.write(
            "real/lp_two.ko", ModuleFile{.name = "lp_two"}.signed_by(support::test_key())
        );
    }
};

} // namespace

TEST_CASE("unsigned modules are taken where an admin wants that, and marked") {
    Bench bench;
    auto const catalogue = bench.sources.read();
    CHECK(catalogue.insecure == std::vector<std::string>{"lab"});
    CHECK(catalogue.problems.empty());
    REQUIRE(catalogue.offers.size() == 2);
    CHECK(catalogue.offers[0].insecure);
    CHECK(catalogue.offers[0].signer.empty());
    CHECK_FALSE(catalogue.offers[0].refused);
    CHECK_FALSE(catalogue.offers[1].insecure);
    auto const patch = bench.sources.verify(catalogue.offers[0]);
    REQUIRE(patch);
    CHECK(patch->signer().empty());
}

TEST_CASE("unsigned modules, too, are for this kernel and from a safe place") {
    Bench bench;
    bench.directory.write("lab/other.ko", ModuleFile{.release = "5.10"}.unsigned_bytes());
    bench.directory.write("lab/broken.ko", "broken");
    auto const catalogue = bench.sources.read();
    REQUIRE(catalogue.offers.size() == 4);
    CHECK(catalogue.offers[0].refused->code == Errc::verification_failed); // broken
    CHECK_FALSE(catalogue.offers[1].refused);
    CHECK(catalogue.offers[2].refused->code == Errc::wrong_kernel);
}

TEST_CASE("no unsigned module where the host wants signatures") {
    Bench bench;
    auto const before = bench.sources.read();
    REQUIRE_FALSE(before.offers[0].refused);
    bench.tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    // Not even one that was offered a moment ago.
    CHECK(bench.sources.verify(before.offers[0]).error().code == Errc::verification_failed);
    auto const catalogue = bench.sources.read();
    REQUIRE(catalogue.offers[0].refused);
    CHECK(
        catalogue.offers[0].refused->cause ==
        "of a source without signatures, and the kernel is locked down (integrity)"
    );
    CHECK(catalogue.offers[0].refused->code == Errc::verification_failed);
    CHECK_FALSE(catalogue.offers[1].refused);
}
