#include "base/sha256.hpp"
#include "repository/directory_source.hpp"
#include "repository/sidecar.hpp"
#include "support/catch.hpp"
#include "support/compressor.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <filesystem>
#include <unistd.h>

using namespace livepatch;
using base::Errc;
using namespace repository;
using nlohmann::json;
using support::ModuleFile;
using support::test_key;
namespace fs = std::filesystem;

namespace {

constexpr auto release = "6.1.0-56-amd64";
constexpr auto build_id = "00112233445566778899aabbccddeeff00112233";
using Strings = std::vector<std::string>;

std::string refusal_of(json const& entry) {
    auto const parsed = parse_sidecar(entry.dump(), "x.ko.json");
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == Errc::verification_failed);
    CHECK(parsed.error().subject == "x.ko.json");
    return parsed.error().cause;
}

std::string refusal_with(std::string const& key, json const& value) {
    return refusal_of({{"id", "LP-1"}, {key, value}});
}

// A source with one good module, to which a test adds a sidecar.
struct Bench {
    support::TemporaryDirectory directory;
    fs::path place = directory.path() / "source";
    support::FakeKernelTree tree;
    RunningKernel kernel{release, build_id, tree.root()};
    DirectorySource source{
        {.name = "test", .path = place, .keys = {}}, directory.path() / "keys", kernel};
    std::string content = ModuleFile{.name = "lp_one", .version = "2.0"}.signed_by(test_key());

    Bench() {
        directory.write("keys/k.pem", test_key().certificate_pem());
        directory.write("source/lp-one.ko", content);
    }

    void describe(json const& entry) const {
        directory.write("source/lp-one.ko.json", entry.dump());
    }

    Offer only() {
        auto listing = source.list();
        REQUIRE(listing.offers.size() == 1);
        return listing.offers[0];
    }

    // What is refused names the sidecar; the module's name and digest are known all the same.
    base::Error refused() {
        auto const offer = only();
        CHECK(offer.name() == "lp_one");
        CHECK(offer.sha256.size() == 64);
        REQUIRE(offer.refused);
        CHECK(offer.refused->subject == (place / "lp-one.ko.json").string());
        CHECK(source.verify(offer).has_error());
        return *offer.refused;
    }
};

json whole_entry() {
    return {
        {"schema", "livepatchd.catalog/1"},
        {"id", "LP-2026-0007"},
        {"version", 7},
        {"type", "security"},
        {"severity", "important"},
        {"vulnerabilities",
         {{{"id", "CVE-2026-1234"},
           {"severity", {{{"type", "CVSS_V3"}, {"score", "CVSS:3.1/AV:L"}}}},
           {"known_exploited", false}},
          {{"id", "CVE-2026-5678"}}}},
        {"withdrawn", nullptr},
        {"kernel", {{"release", release}, {"build_ids", {"aa", build_id}}}},
        {"replace", false},
        {"reversible", true},
        {"somebody else's key", {1, 2, 3}}};
}

} // namespace

TEST_CASE("an entry is read as far as somebody acts on it") {
    auto entry = whole_entry();
    entry["targets"] = {
        {{"object", "vmlinux"}, {"build_ids", {"cc"}}},
        {{"object", "nf_tables"}, {"build_ids", {"dd", "ee"}}}};
    entry["functions"] = {
        {{"object", "nf_tables"}, {"name", "f.isra.0"}, {"sympos", 2}},
        {{"name", "g"}},
        {{"object", "nf_tables"}, {"name", "h"}}};
    entry["module"] = {
        {"name", "lp_one"},
        {"length", 17},
        {"hashes", {{"sha256", std::string(64, 'a')}}},
        {"build_id", "abcd"}};
    entry["cves"] = {"CVE-2026-5678", "CVE-2026-9"};
    auto const sidecar = parse_sidecar(entry.dump(), "x.ko.json");
    REQUIRE(sidecar);
    CHECK(sidecar->patch.id == "LP-2026-0007");
    CHECK(sidecar->patch.version == 7U);
    CHECK(sidecar->patch.severity == "important");
    CHECK(sidecar->patch.cves == Strings{"CVE-2026-1234", "CVE-2026-5678", "CVE-2026-9"});
    CHECK_FALSE(sidecar->patch.withdrawn);
    CHECK(sidecar->kernel.release == release);
    CHECK(sidecar->kernel.build_ids == Strings{"aa", build_id, "cc"});
    REQUIRE(sidecar->patch.targets.size() == 1);
    CHECK(sidecar->patch.targets[0].object == "nf_tables");
    CHECK(sidecar->patch.targets[0].build_ids == Strings{"dd", "ee"});
    CHECK(sidecar->patch.module.name == "lp_one");
    CHECK(sidecar->patch.module.length == 17U);
    CHECK(sidecar->patch.module.sha256 == std::string(64, 'a'));
    CHECK(sidecar->patch.module.build_id == "abcd");
    CHECK(sidecar->patch.replace == false);
    REQUIRE(sidecar->patch.functions.size() == 2);
    CHECK(sidecar->patch.functions[0].name == "nf_tables");
    CHECK(sidecar->patch.functions[0].functions.size() == 2);
    CHECK(sidecar->patch.functions[0].functions[0].sympos == 2);
    CHECK(sidecar->patch.functions[1].name == "vmlinux");
}

TEST_CASE("an id is all that an entry needs") {
    auto const sidecar = parse_sidecar(R"({"id":"LP-1"})", "x.ko.json");
    REQUIRE(sidecar);
    CHECK(sidecar->patch.id == "LP-1");
    CHECK_FALSE(sidecar->patch.version);
    CHECK(sidecar->kernel.build_ids.empty());
    CHECK(refusal_of(json::object()) == "id must be there");
    CHECK(refusal_of({{"id", nullptr}}) == "id must be there");
    CHECK(refusal_of(json::array()) == "no object, such as a catalogue's entry is");
}

TEST_CASE("a known key of another form is refused, and named") {
    CHECK(refusal_of({{"id", "a b"}}) == "id must be 1 to 64 letters, digits, '.', '_' and '-'");
    CHECK(refusal_of({{"id", std::string(65, 'a')}}).starts_with("id must be"));
    CHECK(refusal_of({{"id", ".."}}).starts_with("id must be"));
    CHECK(refusal_of({{"id", 7}}).starts_with("id must be"));
    CHECK(refusal_with("schema", "livepatchd.catalog/2").starts_with("schema must be"));
    CHECK(refusal_with("version", -1) == "version must be a whole number that is not negative");
    CHECK(refusal_with("version", "7").starts_with("version must be"));
    CHECK(refusal_with("severity", "terrible").starts_with("severity must be one of \"low\""));
    CHECK(refusal_with("replace", 1) == "replace must be true or false");
    CHECK(refusal_with("withdrawn", true) == "withdrawn must be an object");
    CHECK(refusal_with("cves", "CVE-1").starts_with("cves must be a list of names"));
    CHECK(refusal_with("cves", {"CVE-2026-1\x1b[2J"}).starts_with("cves must be a list of names"));
    CHECK(
        refusal_with("vulnerabilities", {"CVE-1"}) == "vulnerabilities must be a list of objects"
    );
    CHECK(
        refusal_with("vulnerabilities", json::array({json::object()})) ==
        "vulnerabilities[0].id must be there"
    );
    CHECK(
        refusal_with("vulnerabilities", json(513, {{"id", "CVE-1"}})) ==
        "vulnerabilities must be a list of objects, at most 512"
    );
    CHECK(
        refusal_with("kernel", {{"release", "../../x"}}) ==
        "kernel.release must be a kernel release (uname -r)"
    );
    CHECK(
        refusal_with("kernel", {{"build_ids", {"ABC"}}}) ==
        "kernel.build_ids must be a list of build-ids in hex"
    );
    CHECK(
        refusal_with("module", {{"hashes", {{"sha256", "abc"}}}}) ==
        "module.hashes.sha256 must be a SHA-256 in lower-case hex"
    );
    CHECK(
        refusal_with("targets", {{{"object", "../x"}}}) ==
        "targets[0].object must be vmlinux or a module"
    );
    CHECK(
        refusal_with("functions", {{{"name", "f"}}, {{"name", "f g"}}}) ==
        "functions[1].name must be the name of a function"
    );
}

TEST_CASE("a module with a sidecar is offered as the sidecar says") {
    Bench bench;
    auto const bare = bench.only();
    CHECK(bare.id == "lp_one");
    CHECK(bare.release_only);
    CHECK(bare.version.empty());

    SECTION("also when it comes after its module") {
        bench.describe(whole_entry());
        auto const offer = bench.only();
        CHECK(offer.id == "LP-2026-0007");
        CHECK(offer.name() == "lp_one");
        CHECK(offer.version == "7");
        CHECK(offer.severity == "important");
        CHECK(offer.cves == Strings{"CVE-2026-1234", "CVE-2026-5678"});
        CHECK_FALSE(offer.release_only);
        CHECK_FALSE(offer.refused);
        CHECK(bench.source.verify(offer));

        // And when it changes, and goes.
        bench.describe({{"id", "LP-2"}});
        CHECK(bench.source.verify(offer).error().code == Errc::conflict);
        CHECK(bench.only().id == "LP-2");
        CHECK(bench.only().release_only); // it names no build
        fs::remove(bench.place / "lp-one.ko.json");
        CHECK(bench.only().id == "lp_one");
    }
    SECTION("whichever way the module is packed") {
        bench.describe(whole_entry());
        fs::remove(bench.place / "lp-one.ko");
        bench.directory.write("source/lp-one.ko.xz", support::xz(bench.content));
        CHECK(bench.only().id == "LP-2026-0007");
        bench.directory.write("source/lp-one.ko.gz", support::gzip(bench.content));
        auto const listing = bench.source.list();
        REQUIRE(listing.offers.size() == 2);
        CHECK(listing.offers[0].id == listing.offers[1].id);
    }
    SECTION("alone it is nothing") {
        bench.describe(whole_entry());
        fs::remove(bench.place / "lp-one.ko");
        CHECK(bench.source.list().offers.empty());
        CHECK(bench.source.list().problems.empty());
    }
}

TEST_CASE("a sidecar tells what the module does not") {
    Bench bench;
    bench.directory.write(
        "source/lp-one.ko",
        ModuleFile{.name = "lp_one", .tells_replace = false}.signed_by(test_key())
    );
    CHECK(bench.only().module.replace == module::Replace::unknown);
    CHECK(bench.only().module.objects.empty());
    bench.describe({{"id", "LP-1"}, {"replace", true}, {"functions", {{{"name", "f"}}}}});
    CHECK(bench.only().module.replace == module::Replace::yes);
    REQUIRE(bench.only().module.objects.size() == 1);
    CHECK(bench.only().module.objects[0].functions[0].name == "f");
    CHECK_FALSE(bench.only().refused);
}

TEST_CASE("a sidecar for another kernel") {
    Bench bench;
    SECTION("of another release") {
        bench.describe({{"id", "LP-1"}, {"kernel", {{"release", "5.10"}}}});
        CHECK(bench.refused().cause == "for the kernel 5.10, running is 6.1.0-56-amd64");
    }
    SECTION("of another build of this release") {
        bench.describe({{"id", "LP-1"}, {"kernel", {{"build_ids", {"aabb"}}}}});
        CHECK(
            bench.refused().cause ==
            std::string("for another build of the kernel 6.1.0-56-amd64; running is the one with "
                        "the build-id "
            ) + build_id
        );
    }
    SECTION("said of vmlinux") {
        bench.describe(
            {{"id", "LP-1"}, {"targets", {{{"object", "vmlinux"}, {"build_ids", {"aabb"}}}}}}
        );
    }
    SECTION("with another build of a module that is loaded") {
        bench.tree.set_module("nf_tables", {.build_id = "1234"});
        bench.describe(
            {{"id", "LP-1"}, {"targets", {{{"object", "nf_tables"}, {"build_ids", {"aabb"}}}}}}
        );
        CHECK(
            bench.refused().cause ==
            "for another build of the module nf_tables; loaded is the one with the build-id 1234"
        );
    }
    CHECK(bench.refused().code == Errc::wrong_kernel);
    CHECK(bench.source.list().problems.empty()); // a directory may serve several
}

TEST_CASE("a kernel without a build-id is none that was meant") {
    Bench bench;
    RunningKernel nameless(release, "", bench.tree.root());
    DirectorySource source(bench.source.source(), bench.directory.path() / "keys", nameless);
    CHECK_FALSE(source.list().offers.at(0).refused);
    bench.describe(whole_entry());
    CHECK(source.list().offers.at(0).refused->code == Errc::wrong_kernel);
}

TEST_CASE("modules that are not loaded, or meant, are no obstacle") {
    Bench bench;
    bench.tree.set_module("nf_tables", {.build_id = "1234"});
    bench.describe(
        {{"id", "LP-1"},
         {"targets",
          {{{"object", "nf_tables"}, {"build_ids", {"aabb", "1234"}}},
           {{"object", "ext4"}, {"build_ids", {"ccdd"}}},
           {{"object", "xfs"}}}}}
    );
    CHECK_FALSE(bench.only().refused);
}

TEST_CASE("a sidecar that belongs to another module") {
    Bench bench;
    std::string expected;
    SECTION("by name") {
        bench.describe({{"id", "LP-1"}, {"module", {{"name", "lp_two"}}}});
        expected = "its name is lp_one, not lp_two";
    }
    SECTION("by digest") {
        auto const other = std::string(64, 'a');
        bench.describe({{"id", "LP-1"}, {"module", {{"hashes", {{"sha256", other}}}}}});
        expected = "its SHA-256, unpacked, is " + bench.only().sha256 + ", not " + other;
    }
    SECTION("by length") {
        bench.describe({{"id", "LP-1"}, {"module", {{"length", 1}}}});
        expected = "it has " + std::to_string(bench.content.size()) + " bytes, unpacked, not 1";
    }
    SECTION("by build-id") {
        bench.describe({{"id", "LP-1"}, {"module", {{"build_id", "aabb"}}}});
        expected = "its build-id is not aabb";
    }
    SECTION("by what it replaces") {
        bench.describe({{"id", "LP-1"}, {"replace", true}});
        expected = "it is not cumulative";
    }
    auto const refused = bench.refused();
    CHECK(refused.code == Errc::verification_failed);
    CHECK(refused.cause == "describes another module than the one beside it: " + expected);
    CHECK(bench.source.list().problems.size() == 1);
}

TEST_CASE("the right digest and length are no obstacle") {
    Bench bench;
    auto const bytes = std::as_bytes(std::span(bench.content));
    bench.describe(
        {{"id", "LP-1"},
         {"module", {{"length", bytes.size()}, {"hashes", {{"sha256", base::sha256(bytes)}}}}}}
    );
    CHECK_FALSE(bench.only().refused);
}

TEST_CASE("what its publisher took back is refused") {
    Bench bench;
    bench.describe({{"id", "LP-1"}, {"withdrawn", {{"reason", "it hurts"}}}});
    CHECK(bench.refused().code == Errc::withdrawn);
    CHECK(bench.refused().cause == "its publisher took it back: it hurts");
}

TEST_CASE("a broken sidecar refuses its module and no other") {
    Bench bench;
    bench.directory.write("source/lp-two.ko", ModuleFile{.name = "lp_two"}.signed_by(test_key()));
    auto const path = bench.place / "lp-one.ko.json";
    std::string cause;
    SECTION("no JSON") {
        bench.directory.write("source/lp-one.ko.json", "{");
        cause = "no JSON from byte 2 on";
    }
    SECTION("empty") {
        bench.directory.write("source/lp-one.ko.json", "");
        cause = "no JSON from byte 1 on";
    }
    SECTION("one key too many") {
        bench.directory.write("source/lp-one.ko.json", R"({"id":"a","id":"b"})");
        cause = "the key \"id\" twice in one object";
    }
    SECTION("too long") {
        bench.directory.write("source/lp-one.ko.json", std::string(256 * 1024 + 1, ' '));
        cause = "longer than 262144 bytes";
    }
    SECTION("a hole of a gigabyte") {
        bench.directory.write("source/lp-one.ko.json", "");
        fs::resize_file(path, 1U << 30U);
        cause = "longer than 262144 bytes";
    }
    SECTION("a link") {
        bench.directory.write("real", R"({"id":"a"})");
        fs::create_symlink("../real", path);
        cause = "a symbolic link";
    }
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        cause = "not a regular file";
    }
    SECTION("written by others") {
        bench.directory.write("source/lp-one.ko.json", R"({"id":"a"})");
        ::chmod(path.c_str(), 0666);
        cause = "others than its owner may write it";
    }
    auto const listing = bench.source.list();
    REQUIRE(listing.offers.size() == 2);
    CHECK(listing.offers[0].name() == "lp_one");
    REQUIRE(listing.offers[0].refused);
    CHECK(listing.offers[0].refused->subject == path.string());
    CHECK(listing.offers[0].refused->cause == cause);
    CHECK(listing.problems.size() == 1);
    CHECK(bench.source.verify(listing.offers[0]).has_error());
    CHECK_FALSE(listing.offers[1].refused);
}

namespace {

constexpr uid_t somebody = 12345;

// What somebody else lays in the sidecar's place.
void lay(Bench const& bench, std::string const& what) {
    auto const path = bench.place / "lp-one.ko.json";
    if (what == "an entry that takes the module back")
        bench.describe({{"id", "LP-1"}, {"withdrawn", {{"reason", "mine"}}}});
    else if (what == "a file of his that all may write")
        bench.directory.write("source/lp-one.ko.json", "{");
    else if (what == "a link")
        fs::create_symlink("lp-one.ko", path);
    else if (what == "a FIFO")
        REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
    else
        fs::create_directory(path);
    if (!fs::is_symlink(path))
        ::chmod(path.c_str(), 0777);
    REQUIRE(::lchown(path.c_str(), somebody, somebody) == 0);
}

} // namespace

TEST_CASE("in a sticky directory nobody else's sidecar takes a good module out") {
    if (::geteuid() != 0)
        return; // only root can give things away
    Bench bench;
    ::chmod(bench.place.c_str(), 01777);
    lay(bench,
        GENERATE(
            as<std::string>{},
            "an entry that takes the module back",
            "a file of his that all may write",
            "a link",
            "a FIFO",
            "a directory"
        ));
    for (int reading = 0; reading < 2; ++reading) { // the second is from memory, in part
        auto const listing = bench.source.list();
        REQUIRE(listing.offers.size() == 1);
        CHECK_FALSE(listing.offers[0].refused);
        CHECK(listing.offers[0].id == "lp_one");
        CHECK(listing.offers[0].release_only);
        REQUIRE(listing.problems.size() == 1); // not in silence
        CHECK(listing.problems[0].subject == (bench.place / "lp-one.ko.json").string());
        CHECK(listing.problems[0].cause == "not root's, and ignored");
        CHECK(bench.source.verify(listing.offers[0]));
    }
    // Root's own takes its place, and counts.
    fs::remove_all(bench.place / "lp-one.ko.json");
    bench.describe({{"id", "LP-1"}, {"withdrawn", {{"reason", "it hurts"}}}});
    CHECK(bench.refused().cause == "its publisher took it back: it hurts");
}

TEST_CASE("where only root writes, a sidecar that is not his refuses its module") {
    if (::geteuid() != 0)
        return; // only root can give things away
    Bench bench;
    bench.describe({{"id", "LP-1"}});
    REQUIRE(::chown((bench.place / "lp-one.ko.json").c_str(), somebody, somebody) == 0);
    CHECK(bench.refused().cause == "belongs to uid 12345");
    // Sticky or not, what is root's own counts, also when it is no file.
    ::chmod(bench.place.c_str(), 01777);
    fs::remove(bench.place / "lp-one.ko.json");
    fs::create_symlink("lp-one.ko", bench.place / "lp-one.ko.json");
    CHECK(bench.refused().cause == "a symbolic link");
}
