// The end of the daemon, of the power or of the room on the disk, at every write of what it keeps
// of its sources.
#include "base/directory.hpp"
#include "repository/module_store.hpp"
#include "repository/sources.hpp"
#include "repository/trust_reset.hpp"
#include "repository/tuf_repository.hpp"
#include "support/catch.hpp"
#include "support/each_write.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/patch_repository.hpp"
#include "support/temporary_directory.hpp"
#include "trust/tuf/header.hpp"

#include <filesystem>

using namespace livepatch;
using namespace livepatch::repository;
using support::at_each_write;
using support::ModuleFile;
using support::test_key;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

constexpr auto release = "6.1.0-56-amd64";

std::string module_bytes(std::string const& name) {
    return ModuleFile{.name = name, .replace = true}.signed_by(test_key());
}

struct Bench {
    support::TemporaryDirectory directory;
    fs::path tree = directory.path() / "tree";
    fs::path kept = directory.path() / "kept"; // all that is written
    support::FakeKernelTree kernel;
    support::PatchRepository published;

    Bench() {
        directory.write("keys/k.pem", test_key().certificate_pem());
        directory.write("corp.root.json", published.tuf.files.at("metadata/1.root.json"));
        fs::create_directory(kept);
    }

    fs::path state() const { return kept / "trust/corp"; }

    Sources sources() const {
        return {
            {{.name = "corp",
              .path = tree,
              .keys = {},
              .trust = Trust::tuf,
              .root = directory.path() / "corp.root.json"}},
            directory.path() / "keys",
            RunningKernel(release, {}, kernel.root()),
            {.machine_id = "4c3a3dfc8f154d4c8ac16e2e4b0d2e11",
             .arch = "x86_64",
             .trust_state = kept / "trust",
             .resets = kept / "resets",
             .now = [] { return *trust::tuf::parse_time(support::tuf_today); }}};
    }

    void publish() {
        published.publish();
        published.write(tree);
    }

    trust::VerifiedPatch patch() {
        auto const all = sources();
        auto const catalogue = sources().read();
        REQUIRE(catalogue.offers.size() == 1);
        auto verified = all.verify(catalogue.offers[0]);
        REQUIRE(verified);
        return *std::move(verified);
    }

    // What can be loaded, by id; "!" stands before what cannot.
    Strings usable() const {
        Strings ids;
        for (auto const& offer : sources().read().offers)
            ids.push_back((offer.refused ? "!" : "") + offer.id);
        return ids;
    }

    // What is known of it when the repository is gone.
    Strings remembered() const {
        auto const last = TufRepository::remembered(state(), release, "default");
        Strings ids;
        if (!last)
            return ids;
        for (auto const& patch : last->catalogue.patches)
            ids.push_back((taken_back(patch, last->brakes) ? "!" : "") + patch.id);
        return ids;
    }
};

} // namespace

TEST_CASE("ended at any write of an update, a daemon knows the state before or the one after") {
    Bench bench;
    bench.published.add("LP-1", "lp_1", module_bytes("lp_1"));
    bench.publish();
    REQUIRE(bench.usable() == Strings{"LP-1"});
    auto const old = bench.published.tuf;
    bench.published.patch("LP-1")["withdrawn"] = {{"reason", "hurts"}};
    bench.published.add("LP-2", "lp_2", module_bytes("lp_2"));
    bench.publish();
    at_each_write(
        bench.kept,
        [&] { bench.sources().read(); },
        [&] {
            auto const known = bench.remembered();
            CHECK((known == Strings{"LP-1"} || known == Strings{"!LP-1", "LP-2"}));
            // Somebody brings back the state before.
            old.write_tree(bench.tree);
            auto const then = bench.usable();
            if (known == Strings{"!LP-1", "LP-2"})
                CHECK(then == Strings{"!LP-1", "!LP-2"});
            bench.published.write(bench.tree);
            CHECK(bench.usable() == Strings{"!LP-1", "LP-2"});
            CHECK(bench.remembered() == Strings{"!LP-1", "LP-2"});
        }
    );
}

TEST_CASE("ended at any write of a module, the store has it whole or not at all") {
    Bench bench;
    bench.published.add("LP-1", "lp_1", module_bytes("lp_1"));
    bench.publish();
    auto const patch = bench.patch();
    ModuleStore const store(bench.kept / "modules");
    at_each_write(
        bench.kept,
        [&] { (void)store.put(patch); },
        [&] {
            auto const module = store.read(patch.sha256());
            if (module)
                CHECK(module->sha256() == patch.sha256());
            else
                CHECK(module.error().code != base::Errc::verification_failed);
            CHECK(store.put(patch));
            CHECK(store.read(patch.sha256()));
            store.keep_only({patch.sha256()});
            CHECK(
                base::list_directory(bench.kept / "modules").value() ==
                Strings{patch.sha256() + ".ko"}
            );
        }
    );
}

TEST_CASE("ended while it forgets a repository, a daemon knows all of it or nothing") {
    Bench bench;
    bench.published.add("LP-1", "lp_1", module_bytes("lp_1"));
    bench.publish();
    REQUIRE(bench.usable() == Strings{"LP-1"});
    auto const all = base::list_directory(bench.state()).value();
    at_each_write(
        bench.kept,
        [&] { (void)TufRepository::forget(bench.state()); },
        [&] {
            auto const left = base::list_directory(bench.state());
            CHECK((!left || *left == all));
            CHECK(TufRepository::forget(bench.state()));
            CHECK(bench.remembered().empty());
            CHECK(bench.usable() == Strings{"LP-1"});
        }
    );
}

TEST_CASE("ended at any write of a reset, the fetcher has been told or can be told again") {
    Bench bench;
    TrustReset const reset(bench.kept / "resets");
    REQUIRE(reset.tell("corp", "first"));
    at_each_write(
        bench.kept,
        [&] { (void)reset.tell("corp", "second"); },
        [&] {
            auto const mark = reset.newest("corp");
            CHECK((mark == "first" || mark == "second"));
            CHECK(reset.tell("corp", "second"));
            CHECK(reset.newest("corp") == "second");
        }
    );
}
