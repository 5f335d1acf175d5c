// What boot applies: from the daemon's own store, verified anew.
#include "base/sha256.hpp"
#include "repository/sources.hpp"
#include "repository/stored_patches.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/patch_repository.hpp"
#include "support/temporary_directory.hpp"
#include "trust/tuf/header.hpp"

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace livepatch;
using namespace livepatch::repository;
using base::Errc;
using support::ModuleFile;
using support::test_key;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

constexpr auto release = "6.1.0-56-amd64";

// As one that is there already.
ComingKernel coming(RunningKernel kernel) {
    std::promise<std::shared_ptr<RunningKernel>> promise;
    promise.set_value(std::make_shared<RunningKernel>(std::move(kernel)));
    return promise.get_future();
}

struct Bench {
    support::TemporaryDirectory directory;
    fs::path place = directory.path() / "source";
    fs::path keys = directory.path() / "keys";
    support::FakeKernelTree tree;
    ModuleStore store{directory.path() / "modules"};
    std::vector<Source> sources{{.name = "test", .path = place, .keys = {}}};
    std::vector<Remembered> remembered = {};

    Bench() {
        fs::create_directories(place);
        directory.write("keys/k.pem", test_key().certificate_pem());
    }

    RunningKernel kernel() const { return RunningKernel(release, {}, tree.root()); }

    // Loaded and stored, as the daemon does it.
    std::string keep(ModuleFile const& module) {
        auto const file = module.name + ".ko";
        directory.write("source/" + file, module.signed_by(test_key()));
        Sources source(sources, keys, kernel());
        for (auto const& offer : source.read().offers) {
            if (offer.name() != module.name)
                continue;
            auto const patch = source.verify(offer);
            REQUIRE(patch);
            REQUIRE(store.put(*patch));
            remembered.push_back(
                {.name = module.name,
                 .id = "id of " + module.name,
                 .sha256 = offer.sha256,
                 .source = "test",
                 .file = file,
                 .replace = module::Replace::yes}
            );
            return offer.sha256;
        }
        FAIL("not offered");
        return {};
    }

    StoredPatches stored() const { return {sources, keys, coming(kernel()), store, remembered}; }

    fs::path file(std::string const& sha256) const {
        return directory.path() / "modules" / (sha256 + ".ko");
    }
};

// One patch of a signed repository, loaded and stored under the running kernel.
struct RepositoryBench {
    support::TemporaryDirectory directory;
    fs::path place = directory.path() / "tree";
    support::FakeKernelTree tree;
    support::PatchRepository published;
    ModuleStore store{directory.path() / "modules"};
    std::vector<Source> sources{
        {.name = "corp",
         .path = place,
         .keys = {},
         .trust = Trust::tuf,
         .root = directory.path() / "corp.root.json"}};
    Time now = *trust::tuf::parse_time(support::tuf_today);
    std::string sha256 = {};

    RepositoryBench() {
        directory.write("keys/k.pem", test_key().certificate_pem());
        directory.write("corp.root.json", published.tuf.files.at("metadata/1.root.json"));
        auto const module = ModuleFile{.name = "lp_1"}.signed_by(test_key());
        published.add("LP-1", "lp_1", module);
        publish();
        auto source = under(release);
        auto const catalogue = source.read();
        REQUIRE(catalogue.offers.size() == 1);
        auto const patch = source.verify(catalogue.offers[0]);
        REQUIRE(patch);
        REQUIRE(store.put(*patch));
        sha256 = patch->sha256();
    }

    void publish() {
        published.publish();
        published.write(place);
    }

    RunningKernel kernel(std::string const& name) const {
        auto root = tree.root();
        root.modules = directory.path() / "installed";
        return RunningKernel(name, {}, root);
    }

    void install(std::string const& kernel) const {
        fs::create_directories(directory.path() / "installed" / kernel);
    }

    Host host() {
        return {
            .machine_id = "4c3a3dfc8f154d4c8ac16e2e4b0d2e11",
            .arch = "x86_64",
            .trust_state = directory.path() / "state",
            .resets = directory.path() / "resets",
            .now = [this] { return now; }};
    }

    // What the daemon reads while that kernel runs.
    Sources under(std::string const& name) {
        return {sources, directory.path() / "keys", kernel(name), host()};
    }

    // What the next boot applies.
    Catalogue stored() {
        return StoredPatches(
                   sources,
                   directory.path() / "keys",
                   coming(kernel(release)),
                   store,
                   {{.name = "lp_1", .id = "LP-1", .sha256 = sha256, .source = "corp", .file = ""}},
                   host()
        )
            .read();
    }
};

void damage(fs::path const& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file.put('\xff');
    REQUIRE(file.good());
}

} // namespace

TEST_CASE("what was stored is offered again, in stack order, and can be loaded") {
    Bench bench;
    bench.keep({.name = "lp_b"});
    auto const sha256 = bench.keep({.name = "lp_a"});
    auto const stored = bench.stored();
    auto catalogue = bench.stored().read();
    CHECK(catalogue.problems.empty());
    REQUIRE(catalogue.offers.size() == 2);
    auto const& offer = catalogue.offers[0];
    CHECK(offer.name() == "lp_a");
    CHECK(offer.id == "id of lp_a");
    CHECK(offer.source == "test");
    CHECK(offer.path == bench.place / "lp_a.ko");
    CHECK(offer.sha256 == sha256);
    CHECK(offer.module.replace == module::Replace::yes); // as it was known before
    CHECK_FALSE(offer.signer.empty());
    auto const patch = stored.verify(offer);
    REQUIRE(patch);
    CHECK(patch->sha256() == sha256);
}

// The boot waits for it, and what was verified cannot be changed any more.
TEST_CASE("what its publisher said of it when it was loaded is known at boot") {
    Bench bench;
    bench.keep({.name = "lp_1"});
    bench.remembered[0].states = {{42, 2}};
    bench.remembered[0].reversible = false;
    auto stored = bench.stored();
    auto const offer = stored.read().offers.at(0);
    CHECK(offer.states == std::vector<SystemState>{{42, 2}});
    CHECK_FALSE(offer.reversible);
}

TEST_CASE("what a repository said of it last counts more at boot") {
    RepositoryBench bench;
    bench.published.patch("LP-1")["states"] = {{{"id", 7}, {"version", 1}}};
    bench.published.patch("LP-1")["reversible"] = false;
    bench.published.patch("LP-1")["probation"] = {{"time", "1h"}};
    bench.publish();
    (void)bench.under(release).read();
    auto const stored = bench.stored();
    auto const& offer = stored.offers.at(0);
    CHECK(offer.states == std::vector<SystemState>{{7, 1}});
    CHECK_FALSE(offer.reversible);
    CHECK(offer.times.probation == std::chrono::hours(1));
}

TEST_CASE("what was found good when it was listed is loaded as it was then, once") {
    Bench bench;
    auto const sha256 = bench.keep({.name = "lp_one"});
    auto stored = bench.stored();
    auto const offer = stored.read().offers.at(0);
    damage(bench.file(sha256));
    auto const patch = stored.verify(offer);
    REQUIRE(patch);
    CHECK(patch->sha256() == sha256);
    CHECK(base::sha256(patch->file().bytes()) == sha256);
    SECTION("the next time it is read again") {
        CHECK_FALSE(stored.verify(offer));
    }
    SECTION("and a new listing forgets it") {
        CHECK(stored.read().offers.empty());
        CHECK_FALSE(stored.verify(offer));
    }
}

TEST_CASE("sources that are configured anew leave nothing of what was found good before") {
    Bench bench;
    bench.keep({.name = "lp_one"});
    auto stored = bench.stored();
    auto const offer = stored.read().offers.at(0);
    stored.configure({});
    auto const patch = stored.verify(offer);
    REQUIRE_FALSE(patch);
    CHECK(patch.error().code == Errc::not_found);
}

TEST_CASE("what is not offered again, and is said") {
    Bench bench;
    auto const sha256 = bench.keep({.name = "lp_one"});
    auto const offer = bench.stored().read().offers.at(0);
    auto const refused = [&](Errc code) {
        auto const catalogue = bench.stored().read();
        CHECK(catalogue.offers.empty());
        REQUIRE(catalogue.problems.size() == 1);
        CHECK(catalogue.problems[0].code == code);
        // Also when it happens after the listing.
        auto const patch = bench.stored().verify(offer);
        REQUIRE_FALSE(patch);
        CHECK(patch.error().code == code);
    };
    SECTION("a module that was damaged on the disk") {
        damage(bench.file(sha256));
        refused(Errc::conflict);
    }
    SECTION("one that is not there") {
        fs::remove(bench.file(sha256));
        refused(Errc::not_found);
    }
    SECTION("whose signer is not trusted any more") {
        fs::remove(bench.keys / "k.pem");
        refused(Errc::verification_failed);
    }
    SECTION("whose file was taken out of its source") {
        fs::remove(bench.place / "lp_one.ko");
        refused(Errc::not_found);
    }
    SECTION("that its publisher has replaced") {
        bench.directory.write(
            "source/lp_one.ko", ModuleFile{.name = "lp_one", .version = "2"}.signed_by(test_key())
        );
        refused(Errc::conflict);
    }
    SECTION("whose source is not configured any more") {
        bench.sources.clear();
        refused(Errc::not_found);
    }
    SECTION("whose name leads elsewhere") {
        fs::rename(bench.file(sha256), bench.directory.path() / "elsewhere");
        fs::create_symlink(bench.directory.path() / "elsewhere", bench.file(sha256));
        refused(Errc::verification_failed);
    }
}

TEST_CASE("what a repository published last is offered at boot, also when it is gone by then") {
    RepositoryBench bench;
    SECTION("it is not mounted yet") {
        fs::remove_all(bench.place);
    }
    SECTION("its metadata has expired") {
        bench.now += std::chrono::hours(24 * 400);
    }
    auto const catalogue = bench.stored();
    CHECK(catalogue.problems.empty());
    REQUIRE(catalogue.offers.size() == 1);
    CHECK(catalogue.offers[0].id == "LP-1");
}

TEST_CASE("what a repository took back is not offered at boot") {
    RepositoryBench bench;
    bench.published.patch("LP-1")["withdrawn"] = {{"reason", "eats data"}};
    bench.publish();
    bench.under(release).read();
    auto const catalogue = bench.stored();
    CHECK(catalogue.offers.empty());
    REQUIRE(catalogue.problems.size() == 1);
    CHECK(catalogue.problems[0].code == Errc::withdrawn);
    CHECK(catalogue.problems[0].subject == "LP-1");
    CHECK(catalogue.problems[0].cause.find("eats data") != std::string::npos);
}

TEST_CASE("what a repository leaves out is offered at boot all the same") {
    RepositoryBench bench;
    bench.published.patches = nlohmann::json::array();
    bench.publish();
    CHECK(bench.under(release).read().offers.empty());
    CHECK(bench.stored().problems.empty());
    CHECK(bench.stored().offers.size() == 1);
}

TEST_CASE("what is taken back while another kernel runs is not offered at the next boot of its own"
) {
    RepositoryBench bench;
    bench.install(release);
    bench.install("6.1.0-57-amd64");
    bench.published.patch("LP-1")["withdrawn"] = {{"reason", "eats data"}};
    bench.publish();
    bench.under("6.1.0-57-amd64").read();
    auto const catalogue = bench.stored();
    CHECK(catalogue.offers.empty());
    REQUIRE(catalogue.problems.size() == 1);
    CHECK(catalogue.problems[0].code == Errc::withdrawn);
}

TEST_CASE("another kernel that is booted in between takes nothing from this one's next boot") {
    constexpr auto other = "6.1.0-57-amd64";
    RepositoryBench bench;
    bench.install(release);
    bench.install(other);
    bench.published.catalogue["kernel"]["release"] = other;
    bench.published.patches = nlohmann::json::array();
    bench.publish();
    bench.under(other).read();
    CHECK(bench.stored().offers.size() == 1);
    SECTION("until it is removed") {
        fs::remove(bench.directory.path() / "installed" / release);
        bench.under(other).read();
        auto const catalogue = bench.stored();
        CHECK(catalogue.offers.empty());
        REQUIRE(catalogue.problems.size() == 1);
    }
}

TEST_CASE("a damaged module is stored anew with the next load") {
    Bench bench;
    auto const sha256 = bench.keep({.name = "lp_one"});
    damage(bench.file(sha256));
    bench.remembered.clear();
    bench.keep({.name = "lp_one"});
    CHECK(bench.stored().read().problems.empty());
}

TEST_CASE("one that is damaged leaves the others alone") {
    Bench bench;
    damage(bench.file(bench.keep({.name = "lp_a"})));
    bench.keep({.name = "lp_b"});
    auto const catalogue = bench.stored().read();
    REQUIRE(catalogue.offers.size() == 1);
    CHECK(catalogue.offers[0].name() == "lp_b");
    CHECK(catalogue.problems.size() == 1);
}

TEST_CASE("an unsigned module that the kernel would not take any more") {
    Bench bench;
    bench.sources[0].trust = Trust::none;
    bench.keep({.name = "lp_one"});
    CHECK(bench.stored().read().offers.at(0).insecure);
    bench.tree.write("sys/module/module/parameters/sig_enforce", "Y\n");
    CHECK(bench.stored().read().offers.empty());
}

TEST_CASE("what nobody remembers is removed from the store") {
    Bench bench;
    auto const kept = bench.keep({.name = "lp_a"});
    auto const other = bench.keep({.name = "lp_b"});
    bench.directory.write("modules/.tmp", "half written");
    bench.store.keep_only({kept});
    CHECK(fs::exists(bench.file(kept)));
    CHECK_FALSE(fs::exists(bench.file(other)));
    CHECK_FALSE(fs::exists(bench.directory.path() / "modules/.tmp"));
    ModuleStore(bench.directory.path() / "nowhere").keep_only({kept});
}

TEST_CASE("a store that cannot be written says so") {
    Bench bench;
    auto const sha256 = bench.keep({.name = "lp_one"});
    fs::remove_all(bench.directory.path() / "modules");
    bench.directory.write("modules", "a file");
    Sources source(bench.sources, bench.keys, bench.kernel());
    auto const patch = source.verify(source.read().offers.at(0));
    REQUIRE(patch);
    CHECK_FALSE(bench.store.put(*patch));
}
