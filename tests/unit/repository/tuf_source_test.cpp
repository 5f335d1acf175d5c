// A signed repository as a source: what it offers, and what it refuses, whoever stands between.
#include "repository/sources.hpp"
#include "repository/trust_reset.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/patch_repository.hpp"
#include "support/temporary_directory.hpp"
#include "trust/tuf/header.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

using namespace livepatch;
using namespace livepatch::repository;
using base::Errc;
using support::ModuleFile;
using support::PatchRepository;
using support::test_key;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

constexpr auto release = "6.1.0-56-amd64";
constexpr auto build_id = "00112233445566778899aabbccddeeff00112233";

std::string module_bytes(std::string const& name, bool replace = true) {
    return ModuleFile{.name = name, .replace = replace}.signed_by(test_key());
}

struct Bench {
    support::TemporaryDirectory directory;
    fs::path tree = directory.path() / "tree";
    support::FakeKernelTree kernel;
    PatchRepository published;
    Source source{
        .name = "corp",
        .path = tree,
        .keys = {},
        .trust = Trust::tuf,
        .root = directory.path() / "corp.root.json"};
    Time now = *trust::tuf::parse_time(support::tuf_today);

    Bench() {
        directory.write("keys/k.pem", test_key().certificate_pem());
        directory.write("corp.root.json", published.tuf.files.at("metadata/1.root.json"));
    }

    // As a daemon that starts anew: all it knows is on disk.
    Sources sources() {
        return Sources(
            {source},
            directory.path() / "keys",
            RunningKernel(release, build_id, kernel.root()),
            {.machine_id = "4c3a3dfc8f154d4c8ac16e2e4b0d2e11",
             .arch = "x86_64",
             .trust_state = directory.path() / "state",
             .resets = directory.path() / "resets",
             .now = [this] { return now; }}
        );
    }

    void publish() {
        published.publish();
        published.write(tree);
    }

    void publish_two() {
        published.add("LP-1", "lp_1", module_bytes("lp_1"))["replace"] = true;
        published.add("LP-2", "lp_2", module_bytes("lp_2"))["replace"] = true;
        publish();
    }

    Catalogue read() { return sources().read(); }

    Offer offer(std::string const& id) {
        auto const catalogue = read();
        auto const* found = catalogue.choose(id);
        if (found == nullptr)
            FAIL(id << " is not offered");
        return *found;
    }

    base::Error problem() {
        auto const catalogue = read();
        REQUIRE(catalogue.problems.size() == 1);
        return catalogue.problems.front();
    }

    // Nothing can be loaded for this reason, not even what was offered before.
    void check_blocked(Errc code, Offer const& before) {
        auto const catalogue = read();
        REQUIRE(catalogue.problems.size() == 1);
        CHECK(catalogue.problems[0].code == code);
        for (auto const& one : catalogue.offers) {
            REQUIRE(one.refused);
            CHECK(one.refused->code == code);
        }
        auto const verified = sources().verify(before);
        REQUIRE(verified.has_error());
        CHECK(verified.error().code == code);
    }
};

} // namespace

TEST_CASE("what a repository publishes is offered, checked and can be loaded") {
    Bench bench;
    bench.published.catalogue["kernel"]["build_ids"] = {build_id};
    auto& entry = bench.published.add("LP-1", "lp_1", module_bytes("lp_1"));
    entry["severity"] = "important";
    entry["cves"] = {"CVE-2026-1"};
    entry["requires"] = {"LP-0"};
    entry["transition"] = {{"stall_after", "90s"}};
    bench.publish();
    auto const catalogue = bench.read();
    CHECK(catalogue.problems.empty());
    REQUIRE(catalogue.offers.size() == 1);
    auto const& offer = catalogue.offers[0];
    CHECK_FALSE(offer.refused);
    CHECK(offer.id == "LP-1");
    CHECK(offer.name() == "lp_1");
    CHECK(offer.version == "1");
    CHECK(offer.severity == "important");
    CHECK(offer.cves == Strings{"CVE-2026-1"});
    CHECK(offer.needs == Strings{"LP-0"});
    CHECK(offer.times.stall_after == std::chrono::seconds(90));
    CHECK(offer.source == "corp");
    CHECK(offer.signer.find("test key") != std::string::npos);
    CHECK_FALSE(offer.release_only);
    CHECK_FALSE(offer.insecure);
    CHECK(offer.module.replace == module::Replace::yes);
    CHECK(offer.module.versions.empty());
    CHECK(catalogue.expires == trust::tuf::parse_time("2026-06-20T00:00:00Z"));
    auto const verified = bench.sources().verify(offer);
    REQUIRE(verified);
    CHECK(verified->sha256() == offer.sha256);
}

TEST_CASE("what takes another's place need not be mirrored with it") {
    Bench bench;
    bench.publish_two();
    auto const first = bench.offer("LP-1"); // there, but nobody needs it
    CHECK_FALSE(first.refused);
    CHECK(bench.sources().verify(first));
    fs::remove(bench.tree / bench.published.module_file("LP-1"));
    CHECK(bench.offer("LP-1").refused->code == Errc::not_found);
    CHECK(bench.read().problems.empty());
    CHECK_FALSE(bench.offer("LP-2").refused);
    // The other way round somebody misses it, and the older one is what is left.
    Bench other;
    other.publish_two();
    fs::remove(other.tree / other.published.module_file("LP-2"));
    CHECK(other.offer("LP-2").refused->code == Errc::incomplete);
    CHECK(other.problem().code == Errc::incomplete);
    CHECK_FALSE(other.offer("LP-1").refused);
    CHECK(other.offer("LP-1").signer.find("test key") != std::string::npos);
}

TEST_CASE("a repository that is older than it was") {
    Bench bench;
    bench.publish_two();
    auto const offer = bench.offer("LP-2");
    auto const old = bench.published.tuf.files.at("metadata/timestamp.json");
    bench.publish();
    CHECK(bench.read().problems.empty());
    bench.directory.write("tree/metadata/timestamp.json", old);
    bench.check_blocked(Errc::rolled_back, offer);
    // What protects from it is not in the mirror.
    fs::remove_all(bench.tree);
    bench.check_blocked(Errc::unreachable, offer);
    bench.published.write(bench.tree);
    bench.directory.write("tree/metadata/timestamp.json", old);
    bench.check_blocked(Errc::rolled_back, offer);
    bench.published.write(bench.tree);
    CHECK(bench.read().problems.empty());
    CHECK(bench.sources().verify(offer));
}

TEST_CASE("a repository that nobody signs any more") {
    Bench bench;
    bench.publish_two();
    auto const offer = bench.offer("LP-2");
    bench.now = *trust::tuf::parse_time("2026-06-20T00:00:00Z");
    bench.check_blocked(Errc::expired, offer);
    CHECK(bench.read().offers.size() == 2);
}

TEST_CASE("a repository that is not there") {
    Bench bench;
    CHECK(bench.problem().code == Errc::unreachable);
    CHECK(bench.read().offers.empty());
    bench.publish_two();
    CHECK(bench.read().problems.empty());
    fs::remove(bench.tree / "metadata/timestamp.json");
    CHECK(bench.problem().code == Errc::unreachable);
    bench.published.write(bench.tree);
    fs::remove(bench.source.root);
    CHECK(bench.problem().code == Errc::unreachable);
    CHECK(bench.problem().remedy.find("lpctl trust add") != std::string::npos);
}

TEST_CASE("a repository that is being copied") {
    Bench bench;
    bench.publish_two();
    auto const offer = bench.offer("LP-2");
    bench.publish();
    auto const version = bench.published.tuf.version_of("snapshot").get<int>();
    fs::remove(bench.tree / ("metadata/" + std::to_string(version) + ".snapshot.json"));
    bench.check_blocked(Errc::incomplete, offer);
}

TEST_CASE("another repository's root") {
    Bench bench;
    bench.publish_two();
    auto const offer = bench.offer("LP-2");
    PatchRepository const other;
    bench.directory.write("corp.root.json", other.tuf.files.at("metadata/1.root.json"));
    bench.check_blocked(Errc::conflict, offer);
}

TEST_CASE("keys that were exchanged by those who may") {
    Bench bench;
    bench.publish_two();
    auto const offer = bench.offer("LP-2");
    bench.published.tuf.authorise("targets", {support::TufKey::ed25519()});
    bench.published.tuf.publish_root();
    bench.publish();
    CHECK(bench.read().problems.empty());
    CHECK(bench.sources().verify(offer));
}

TEST_CASE("a module that somebody swapped") {
    Bench bench;
    bench.publish_two();
    auto const offer = bench.offer("LP-2");
    auto const file = bench.tree / bench.published.module_file("LP-2");
    SECTION("for another, signed, of the same length") {
        auto const other = ModuleFile{.name = "lp_2", .replace = true, .version = "2"};
        std::ofstream(file, std::ios::binary) << other.signed_by(test_key());
    }
    SECTION("for a longer one") {
        std::ofstream(file, std::ios::app | std::ios::binary) << "x";
    }
    auto const verified = bench.sources().verify(offer);
    REQUIRE(verified.has_error());
    CHECK(verified.error().code == Errc::verification_failed);
    CHECK(bench.offer("LP-2").refused->code == Errc::verification_failed);
}

TEST_CASE("catalogue and targets have to say the same of a module") {
    Bench bench;
    bench.publish_two();
    auto& module = bench.published.patch("LP-2")["module"];
    SECTION("its digest") {
        module["hashes"]["sha256"] = std::string(64, 'a');
    }
    SECTION("its length") {
        module["length"] = 7;
    }
    SECTION("its path") {
        module["path"] = "modules/x86_64/other.ko";
    }
    SECTION("its name") {
        module["name"] = "lp_3";
    }
    SECTION("whether it is cumulative") {
        bench.published.patch("LP-2")["replace"] = false;
    }
    bench.publish();
    CHECK(bench.offer("LP-2").refused->code == Errc::verification_failed);
    CHECK_FALSE(bench.offer("LP-1").refused);
}

TEST_CASE("a repository's word is not enough where modules have to be signed") {
    Bench bench;
    auto const unsigned_module = ModuleFile{.name = "lp_1", .replace = true}.unsigned_bytes();
    bench.published.add("LP-1", "lp_1", unsigned_module);
    bench.publish();
    CHECK(bench.offer("LP-1").refused->code == Errc::verification_failed);
    bench.source.wants_module_signature = false;
    auto const offer = bench.offer("LP-1");
    CHECK_FALSE(offer.refused);
    CHECK(offer.signer == "repository corp");
    CHECK(bench.sources().verify(offer)->signer() == "repository corp");
}

TEST_CASE("what was taken back is not loaded, and known as such") {
    Bench bench;
    bench.publish_two();
    auto const offer = bench.offer("LP-2");
    Withdrawal expected;
    SECTION("by the publisher") {
        bench.published.patch("LP-2")["withdrawn"] = {{"reason", "hurts"}, {"action", "revert"}};
        expected = {.reason = "hurts", .revert = true};
    }
    SECTION("by the brake, which can do no more than that") {
        bench.published.brakes = {{{"sha256", offer.sha256}, {"reason", "hurts"}}};
        expected = {.reason = "brake: hurts", .revert = false};
    }
    bench.publish();
    auto const catalogue = bench.read();
    CHECK(catalogue.problems.empty());
    CHECK(catalogue.taken_back.at(offer.sha256) == expected);
    CHECK(bench.offer("LP-2").refused->code == Errc::withdrawn);
    CHECK(bench.sources().verify(offer).error().code == Errc::withdrawn);
    CHECK(bench.offer("LP-1").signer.find("test key") != std::string::npos); // it is needed now
    // Whatever becomes of the repository afterwards.
    fs::remove_all(bench.tree);
    CHECK(bench.read().taken_back.at(offer.sha256) == expected);
}

TEST_CASE("the key of the brake speaks for nothing else") {
    Bench bench;
    bench.publish_two();
    auto const path = bench.published.catalogue_path();
    auto& tuf = bench.published.tuf;
    auto const catalogue = bench.published.catalogue.dump();
    tuf.content["targets"]["targets"].erase(path);
    tuf.add_target(path, catalogue, "brake");
    tuf.publish();
    tuf.write_tree(bench.tree);
    CHECK(bench.problem().code == Errc::not_found);
}

TEST_CASE("a catalogue for another kernel") {
    Bench bench;
    bench.published.add("LP-1", "lp_1", module_bytes("lp_1"));
    SECTION("of another build") {
        bench.published.catalogue["kernel"]["build_ids"] = {"aabb"};
        bench.publish();
        CHECK(bench.offer("LP-1").refused->code == Errc::wrong_kernel);
        CHECK(bench.problem().code == Errc::wrong_kernel);
    }
    SECTION("there is none for this one") {
        bench.published.catalogue["kernel"]["release"] = "5.10.0";
        bench.published.tuf.content["targets"]["targets"].clear();
        bench.publish();
        CHECK(bench.problem().code == Errc::not_found);
    }
}

TEST_CASE("a rollout is decided on the host, before its module is looked at") {
    Bench bench;
    bench.publish_two();
    bench.published.patch("LP-2")["rollout"] = {
        {"rings",
         {{"default", {{{"at", "2026-06-02T00:00:00Z"}, {"percent", 100}}}},
          {"canary", {{{"at", "2026-06-01T00:00:00Z"}, {"percent", 100}}}}}}};
    bench.publish();
    auto const waiting = bench.offer("LP-2");
    CHECK_FALSE(waiting.refused);
    CHECK_FALSE(waiting.rollout.reaches(bench.now));
    CHECK(waiting.rollout.turn(bench.now) == trust::tuf::parse_time("2026-06-02T00:00:00Z"));
    CHECK(waiting.signer.empty());
    CHECK(bench.sources().verify(waiting)); // an administrator may want it all the same
    CHECK_FALSE(bench.offer("LP-1").signer.empty());
    bench.source.ring = "canary";
    CHECK(bench.offer("LP-2").rollout.reaches(bench.now));
    CHECK_FALSE(bench.offer("LP-2").signer.empty());
}

TEST_CASE("what a publisher says of the kernel") {
    Bench bench;
    bench.published.catalogue["kernel"]["support"] = {
        {"status", "ended"}, {"ends", "2026-05-01T00:00:00Z"}};
    bench.published.catalogue["kernel"]["reboot_into"] = "6.1.0-57-amd64";
    bench.published.catalogue["unfixed"] = {{{"id", "CVE-2026-9"}}};
    bench.publish();
    auto const catalogue = bench.read();
    REQUIRE(catalogue.advice.size() == 1);
    CHECK(catalogue.advice[0].support_status == "ended");
    CHECK(catalogue.advice[0].reboot_into == "6.1.0-57-amd64");
    CHECK(catalogue.advice[0].unfixed.at(0).id == "CVE-2026-9");
}

TEST_CASE("a reset of the trust reaches who mirrors the repository") {
    Bench bench;
    bench.publish_two();
    TrustReset const resets(bench.directory.path() / "resets");
    REQUIRE(bench.read().problems.empty());
    CHECK(bench.sources().reset_trust(bench.source.name));
    CHECK(resets.newest(bench.source.name).empty()); // nobody mirrors it
    bench.source.web = Web{.urls = {"https://patches.example/lp"}};
    auto const before = ::umask(0077);
    CHECK(bench.sources().reset_trust(bench.source.name));
    ::umask(before);
    auto const first = resets.newest(bench.source.name);
    CHECK_FALSE(first.empty());
    CHECK(bench.sources().reset_trust(bench.source.name));
    CHECK(resets.newest(bench.source.name) != first);
    auto const mode = std::filesystem::status(bench.directory.path() / "resets").permissions();
    CHECK(static_cast<unsigned>(mode) == 0755);
}

TEST_CASE("what is said of a module anew counts, though the module is the same") {
    Bench bench;
    bench.published.add("LP-1", "lp_1", module_bytes("lp_1"));
    bench.publish();
    std::this_thread::sleep_for(std::chrono::milliseconds(2100)); // until its stamp is believed
    auto sources = bench.sources();
    CHECK(sources.read().offers.at(0).cves.empty());
    bench.published.patch("LP-1")["cves"] = {"CVE-2026-7"};
    bench.published.publish();
    auto const newer = bench.directory.path() / "newer";
    bench.published.write(newer);
    fs::remove_all(newer / "targets/modules"); // the old file stays where it is
    fs::copy(newer, bench.tree, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    CHECK(sources.read().offers.at(0).cves == Strings{"CVE-2026-7"});
}
