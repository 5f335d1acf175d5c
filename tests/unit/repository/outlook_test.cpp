// What a signed repository has for the kernels that this host may boot next.
#include "repository/sources.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/patch_repository.hpp"
#include "support/temporary_directory.hpp"
#include "trust/tuf/header.hpp"

#include <filesystem>

using namespace livepatch;
using namespace livepatch::repository;
using base::Errc;
using support::ModuleFile;
using support::PatchRepository;
using support::test_key;

namespace {

constexpr auto running = "6.1.0-56-amd64";
constexpr auto next = "6.1.0-57-amd64";

struct Bench {
    support::TemporaryDirectory directory;
    std::filesystem::path tree = directory.path() / "tree";
    std::filesystem::path modules = directory.path() / "modules";
    support::FakeKernelTree kernel;
    PatchRepository published;
    Time now = *trust::tuf::parse_time(support::tuf_today);

    Bench() {
        directory.write("keys/k.pem", test_key().certificate_pem());
        directory.write("corp.root.json", published.tuf.files.at("metadata/1.root.json"));
        std::filesystem::create_directories(modules / running);
        std::filesystem::create_directories(modules / next);
        // One for the kernel that runs, then all that follows is for the next one.
        published.add("LP-1", "lp_1", ModuleFile{.name = "lp_1"}.signed_by(test_key()));
        published.publish();
        published.catalogue["kernel"]["release"] = next;
        published.patches = nlohmann::json::array();
    }

    nlohmann::json& add(std::string const& id, std::string const& name) {
        return published.add(
            id, name, ModuleFile{.name = name, .release = next}.signed_by(test_key())
        );
    }

    void publish() {
        published.publish();
        published.write(tree);
    }

    Sources sources() {
        auto root = kernel.root();
        root.modules = modules;
        return Sources(
            {{.name = "corp",
              .path = tree,
              .keys = {},
              .trust = Trust::tuf,
              .root = directory.path() / "corp.root.json"}},
            directory.path() / "keys",
            RunningKernel(running, {}, root),
            {.machine_id = "4c3a3dfc8f154d4c8ac16e2e4b0d2e11",
             .arch = "x86_64",
             .trust_state = directory.path() / "state",
             .resets = directory.path() / "resets",
             .now = [this] { return now; }}
        );
    }

    KernelListing ahead() {
        auto catalogue = sources().read();
        REQUIRE(catalogue.other_kernels.size() == 1);
        CHECK(catalogue.other_kernels[0].release == next);
        return std::move(catalogue.other_kernels[0]);
    }
};

} // namespace

TEST_CASE("patches for another installed kernel are verified ahead, and offered to no other") {
    Bench bench;
    bench.add("LP-2", "lp_2")["severity"] = "important";
    bench.publish();
    auto const catalogue = bench.sources().read();
    REQUIRE(catalogue.offers.size() == 1);
    CHECK(catalogue.offers[0].id == "LP-1");
    auto const listing = bench.ahead();
    CHECK(listing.problems.empty());
    REQUIRE(listing.offers.size() == 1);
    CHECK(listing.offers[0].id == "LP-2");
    CHECK(listing.offers[0].severity == "important");
    CHECK(listing.offers[0].signer.find("test key") != std::string::npos);
    CHECK_FALSE(listing.offers[0].refused);
}

TEST_CASE("a module for another kernel that is damaged or not there is refused for that") {
    Bench bench;
    bench.add("LP-2", "lp_2");
    bench.add("LP-3", "lp_3");
    bench.publish();
    bench.directory.write("tree/" + bench.published.module_file("LP-2"), "something else");
    std::filesystem::remove(bench.tree / bench.published.module_file("LP-3"));
    auto const listing = bench.ahead();
    REQUIRE(listing.offers.size() == 2);
    for (auto const& offer : listing.offers) {
        CHECK(offer.refused);
        CHECK(offer.signer.empty());
    }
}

TEST_CASE("a patch whose turn comes later is told, and its module not missed") {
    Bench bench;
    bench.add("LP-2", "lp_2")["rollout"] = {
        {"rings", {{"default", {{{"at", "2026-06-11T00:00:00Z"}, {"percent", 100}}}}}}};
    bench.publish();
    std::filesystem::remove(bench.tree / bench.published.module_file("LP-2"));
    bench.now = *trust::tuf::parse_time("2026-06-10T00:00:00Z");
    auto const listing = bench.ahead();
    REQUIRE(listing.offers.size() == 1);
    CHECK_FALSE(listing.offers[0].refused);
    CHECK_FALSE(listing.offers[0].rollout.reaches(bench.now));
}

TEST_CASE("a kernel that nothing is published for is named with the reason") {
    Bench bench;
    bench.published.catalogue["kernel"]["release"] = "6.1.0-58-amd64";
    bench.publish();
    auto const listing = bench.ahead();
    CHECK(listing.offers.empty());
    REQUIRE(listing.problems.size() == 1);
    CHECK(listing.problems[0].code == Errc::not_found);
}

TEST_CASE("a repository that cannot be opened says so of every kernel") {
    Bench bench;
    auto const listing = bench.ahead(); // the tree was never written
    REQUIRE(listing.problems.size() == 1);
    CHECK(listing.problems[0].code == Errc::unreachable);
}
