// add: what is read out of a module, and what is refused.
#include "publisher.hpp"
#include "repository/kernel_catalogue.hpp"

using namespace livepatch;
using support::ModuleFile;
using support::Publisher;

namespace {

struct Desk : Publisher {
    Desk() { must("init", {"--no-passphrase"}); }

    int add_file(std::string const& file, Words rest = {}) {
        Words words{"add", repo().string(), file, "--id", "LP-1", "--severity", "low"};
        words.insert(words.end(), rest.begin(), rest.end());
        return call(words);
    }
};

} // namespace

TEST_CASE("the catalogue repeats what the module says") {
    Desk desk;
    ModuleFile file;
    file.name = "lp_seven";
    file.build_id = "0123456789abcdef0123456789abcdef01234567";
    file.functions = {"cmdline_proc_show", "version_proc_show"};
    file.replace = true;
    desk.add(
        "LP-7",
        file,
        {"--cve",
         "CVE-2026-5:CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
         "--summary",
         "mends it",
         "--supersedes",
         "LP-6",
         "--kernel-build-id",
         "eb4fbcd037e7253717950bf2b93bd5566f47c56f"}
    );
    desk.must("publish");
    auto const catalogue = desk.catalogue("1.targets.json");
    CHECK(catalogue["schema"] == "livepatchd.catalog/1");
    CHECK(catalogue["kernel"]["release"] == "6.1.0-56-amd64");
    CHECK(catalogue["kernel"]["arch"] == "x86_64");
    CHECK(
        catalogue["kernel"]["build_ids"] ==
        nlohmann::json::array({"eb4fbcd037e7253717950bf2b93bd5566f47c56f"})
    );
    auto const patch = catalogue["patches"][0];
    CHECK(patch["id"] == "LP-7");
    CHECK(patch["version"] == 1);
    CHECK(patch["severity"] == "important");
    CHECK(patch["published"] == "2026-06-01T00:00:00Z");
    CHECK(patch["replace"] == true);
    CHECK(patch["supersedes"] == nlohmann::json::array({"LP-6"}));
    CHECK(patch["objects"] == nlohmann::json::array({"vmlinux"}));
    CHECK(patch["functions"].size() == 2);
    CHECK(patch["functions"][1]["name"] == "version_proc_show");
    CHECK(patch["vulnerabilities"].size() == 2);
    CHECK(patch["vulnerabilities"][1]["severity"][0]["type"] == "CVSS_V3");
    CHECK(patch["module"]["name"] == "lp_seven");
    CHECK(patch["module"]["build_id"] == file.build_id);
    CHECK(patch["module"]["path"] == "modules/x86_64/6.1.0-56-amd64/LP-7.ko");
    CHECK(patch["module"]["signer"]["digest"] == "sha256");
    auto const module = desk.target("1.targets.json", "modules/x86_64/6.1.0-56-amd64/LP-7.ko");
    CHECK(module.size() == patch["module"]["length"].get<std::size_t>());
}

TEST_CASE("what no host could load is refused") {
    Desk desk;
    auto const signed_module = ModuleFile{}.signed_by(support::test_key());
    auto cut = signed_module.substr(0, signed_module.size() / 2);
    auto tampered = signed_module;
    tampered[tampered.size() / 2] = static_cast<char>(~tampered[tampered.size() / 2]);
    auto const plain = ModuleFile{}.unsigned_bytes();
    auto unfree = plain;
    auto const at = unfree.find("license=GPL");
    REQUIRE(at != std::string::npos);
    unfree.replace(at, 11, "license=XYZ");
    auto const& key = support::test_key();
    auto const with_attributes = support::append_signature(
        plain,
        support::sign_pkcs7(
            plain, {&key}, {.flags = CMS_NOCERTS | CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP}
        )
    );
    auto const weak = support::sign_module(plain, key, {.digest = "SHA1"});

    struct Case {
        char const* what;
        std::string bytes;
        char const* cause;
    };

    for (auto const& [what, bytes, cause] :
         {Case{"no module", "hello", ""},
          Case{"cut off", cut, ""},
          Case{"not signed", plain, "not signed"},
          Case{"licence", support::sign_module(unfree, key), "only GPL modules"},
          Case{"signed attributes", with_attributes, "signed attributes"},
          Case{"weak digest", weak, "digest"}}) {
        INFO(what);
        auto const file = desk.directory.write("bad.ko", bytes).string();
        CHECK(desk.add_file(file) == 6);
        CHECK(desk.err.str().starts_with("lprepo: " + file + ": "));
        CHECK(desk.err.str().find(cause) != std::string::npos);
    }
    CHECK(desk.add_file((desk.directory.path() / "none.ko").string()) == 3);
    desk.must("publish");
    CHECK(desk.metadata("1.targets.json")["targets"].empty());
}

TEST_CASE("with certificates, a module that somebody else signed or changed is refused") {
    Desk desk;
    desk.directory.write("keys/vendor.pem", support::test_key().certificate_pem());
    auto const keys = (desk.directory.path() / "keys").string();
    auto const good = desk.write_module({});
    CHECK(desk.add_file(good, {"--module-keys", keys}) == 0);
    CHECK(desk.out.str().find("test key (sha256:") != std::string::npos);
    auto const other = support::SigningKey::ec("P-256", "somebody else");
    auto const bad = desk.directory.write("other.ko", ModuleFile{}.signed_by(other)).string();
    CHECK(desk.add_file(bad, {"--module-keys", keys, "--replace"}) == 6);
}

TEST_CASE("what makes no sense is refused with what would") {
    Desk desk;
    auto const module = desk.write_module({});
    auto const wrong = [&](Publisher::Words rest) {
        Publisher::Words words{"add", desk.repo().string(), module};
        words.insert(words.end(), rest.begin(), rest.end());
        INFO(rest.back());
        CHECK(desk.call(words) == 2);
        CHECK(desk.err.str().find("; ") != std::string::npos);
    };
    wrong({"--id", "../x", "--severity", "low"});
    wrong({"--id", "LP 1", "--severity", "low"});
    wrong({"--id", "LP-1", "--severity", "huge"});
    wrong({"--id", "LP-1", "--severity", "low", "--cve", "CVE 1"});
    wrong({"--id", "LP-1", "--severity", "low", "--cve", "CVE-2026-1:soso"});
    wrong({"--id", "LP-1", "--severity", "low", "--kernel-build-id", "XY"});
    wrong({"--id", "LP-1", "--severity", "low", "--rollout", "default"});
    wrong({"--id", "LP-1", "--severity", "low", "--rollout", "default=6h:10,1h:50"});
    wrong({"--id", "LP-1", "--severity", "low", "--rollout", "default=1h:50,2h:10"});
    wrong({"--id", "LP-1", "--severity", "low", "--rollout", "default=1h:101"});
    wrong({"--id", "LP-1", "--severity", "low", "--cumulative"}); // the module says that it is not
}

TEST_CASE("an id is there once for a kernel, unless it is to be replaced") {
    Desk desk;
    desk.add("LP-1");
    auto const again = desk.write_module({.name = "LP_1", .version = "2"});
    CHECK(desk.add_file(again) == 6);
    CHECK(desk.add_file(again, {"--replace"}) == 0);
    desk.must("publish");
    auto const patches = desk.catalogue("1.targets.json")["patches"];
    CHECK(patches.size() == 1);
    CHECK(patches[0]["version"] == 2);
    desk.must("verify");
}

TEST_CASE("the kernel's build is read out of its notes") {
    Desk desk;
    std::string const notes("\x04\0\0\0\x04\0\0\0\x03\0\0\0GNU\0\xde\xad\xbe\xef", 20);
    auto const file = desk.directory.write("notes", notes).string();
    CHECK(desk.add_file(desk.write_module({}), {"--kernel", file}) == 0);
    desk.must("publish");
    CHECK(
        desk.catalogue("1.targets.json")["patches"][0]["targets"][0]["build_ids"][0] == "deadbeef"
    );
    auto const none = desk.directory.write("none", "no notes").string();
    CHECK(desk.add_file(desk.write_module({}), {"--kernel", none, "--replace"}) == 6);
}

TEST_CASE("what a publisher knows of a patch goes before what a host says of all") {
    using namespace std::chrono_literals;
    Desk desk;
    desk.add(
        "LP-1",
        {.name = "one"},
        {"--stall-after",
         "90s",
         "--reverse-after",
         "5min",
         "--probation",
         "0s",
         "--revert-on",
         "oops",
         "--revert-on",
         "bug",
         "--state",
         "42:2",
         "--irreversible",
         "--force-ok"}
    );
    desk.add("LP-2", {.name = "two"});
    desk.must("publish");
    auto const catalogue =
        repository::parse_kernel_catalogue(desk.catalogue("1.targets.json").dump(), "catalogue");
    REQUIRE(catalogue);
    REQUIRE(catalogue->patches.size() == 2);
    auto const& told = catalogue->patches[0];
    CHECK(told.times.stall_after == 90s);
    CHECK(told.times.reverse_after == 300s);
    CHECK(told.times.probation == 0s);
    CHECK(told.times.revert_on == Publisher::Words{"oops", "bug"});
    CHECK(told.states == std::vector<repository::SystemState>{{42, 2}});
    CHECK_FALSE(told.reversible);
    CHECK(told.force_ok);
    auto const& untold = catalogue->patches[1];
    CHECK(untold.times == repository::PatchTimes());
    CHECK(untold.states.empty());
    CHECK(untold.reversible);
    CHECK_FALSE(untold.force_ok);
    for (auto const* option : {"--stall-after", "--reverse-after", "--probation", "--revert-on"})
        CHECK(desk.add_file(desk.write_module({.name = "three"}), {option, "soon"}) == 2);
    for (auto const* state : {"42", "0:1", "42:", ":1", "42:4294967296", "42:-1", "42:1x", "x:1"})
        CHECK(desk.add_file(desk.write_module({.name = "three"}), {"--state", state}) == 2);
    CHECK(
        desk.add_file(
            desk.write_module({.name = "three"}), {"--state", "42:1", "--state", "42:2"}
        ) == 2
    );
}

TEST_CASE("what holds for a kernel itself") {
    Desk desk;
    desk.add("LP-1", {.name = "one"});
    auto const kernel = "6.1.0-56-amd64";
    desk.must(
        "kernel",
        {kernel,
         "--support",
         "supported",
         "--support-ends",
         "2027-05-16T00:00:00Z",
         "--reboot-into",
         "6.1.0-57-amd64",
         "--unfixed",
         "CVE-2026-1=too deep",
         "--unfixed",
         "CVE-2026-2",
         "--mended-by-reboot",
         "CVE-2026-3=in the next"}
    );
    auto const read = [&](std::string const& targets) {
        desk.must("publish");
        auto catalogue =
            repository::parse_kernel_catalogue(desk.catalogue(targets).dump(), "catalogue");
        REQUIRE(catalogue);
        CHECK(catalogue->patches.size() == 1);
        return *std::move(catalogue);
    };
    auto told = read("1.targets.json");
    CHECK(told.kernel.support_status == "supported");
    CHECK(told.kernel.support_ends == trust::tuf::parse_time("2027-05-16T00:00:00Z"));
    CHECK(told.kernel.reboot_into == "6.1.0-57-amd64");
    REQUIRE(told.unfixed.size() == 3);
    CHECK(told.unfixed[0].id == "CVE-2026-1");
    CHECK(told.unfixed[0].reason == "too deep");
    CHECK_FALSE(told.unfixed[0].reboot);
    CHECK(told.unfixed[2].id == "CVE-2026-3");
    CHECK(told.unfixed[2].reboot);

    // What is not said stays, and what is said anew takes its place.
    desk.must(
        "kernel",
        {kernel,
         "--support",
         "ended",
         "--reboot-into",
         "",
         "--fixed",
         "CVE-2026-2",
         "--mended-by-reboot",
         "CVE-2026-1"}
    );
    told = read("2.targets.json");
    CHECK(told.kernel.support_status == "ended");
    CHECK(told.kernel.support_ends == trust::tuf::parse_time("2027-05-16T00:00:00Z"));
    CHECK(told.kernel.reboot_into.empty());
    REQUIRE(told.unfixed.size() == 2);
    CHECK(told.unfixed[1].id == "CVE-2026-1");
    CHECK(told.unfixed[1].reboot);

    for (auto const& [option, value] :
         {std::pair("--support", "two words"),
          std::pair("--support-ends", "soon"),
          std::pair("--reboot-into", "a/b"),
          std::pair("--unfixed", "no name"),
          std::pair("--mended-by-reboot", "=why")})
        CHECK(desk.call({"kernel", desk.repo().string(), kernel, option, value}) == 2);
    CHECK(desk.call({"kernel", desk.repo().string(), "../up"}) == 2);
}

TEST_CASE("hosts read the catalogue as it was meant") {
    Desk desk;
    desk.add("LP-0", {.name = "zero"});
    desk.add(
        "LP-1",
        {.name = "one", .replace = true, .build_id = "00ff"},
        {"--supersedes", "LP-0", "--rollout", "default=0h:1,6h:100", "--kernel-build-id", "abcd"}
    );
    desk.must("publish");
    desk.must("withdraw", {"LP-1", "--reason", "crashes", "--action", "revert"});
    desk.must("publish");
    auto const text = desk.catalogue("2.targets.json").dump();
    auto const catalogue = repository::parse_kernel_catalogue(text, "catalogue");
    REQUIRE(catalogue);
    CHECK(catalogue->kernel.release == "6.1.0-56-amd64");
    CHECK(catalogue->kernel.arch == "x86_64");
    CHECK(catalogue->kernel.build_ids == Publisher::Words{"abcd"});
    REQUIRE(catalogue->patches.size() == 2);
    auto const& read = catalogue->patches[1];
    CHECK(read.id == "LP-1");
    CHECK(read.version == 2U);
    CHECK(read.severity == "important");
    CHECK(read.cves == Publisher::Words{"CVE-2026-1234"});
    REQUIRE(read.withdrawn);
    CHECK(read.withdrawn->reason == "crashes");
    CHECK(read.withdrawn->revert);
    CHECK(read.module.name == "one");
    CHECK(read.module.build_id == "00ff");
    CHECK(read.module.path == "modules/x86_64/6.1.0-56-amd64/LP-1.ko");
    CHECK(read.published == desk.now);
    CHECK(read.replace == true);
    CHECK(read.supersedes == Publisher::Words{"LP-0"});
    REQUIRE(read.targets.size() == 1);
    CHECK(read.targets[0].object == "vmlinux");
    CHECK(read.targets[0].build_ids == Publisher::Words{"abcd"});
    REQUIRE(read.functions.size() == 1);
    CHECK(read.functions[0].functions[0].name == "cmdline_proc_show");
    REQUIRE(read.rollout);
    CHECK(read.rollout->rings.at("default").size() == 2);
    CHECK(read.rollout->rings.at("default")[1].at == desk.now + std::chrono::hours(6));
}
