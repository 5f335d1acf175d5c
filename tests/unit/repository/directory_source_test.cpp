#include "base/directory.hpp"
#include "repository/directory_source.hpp"
#include "support/catch.hpp"
#include "support/compressor.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <unistd.h>

using namespace livepatch;
using base::Errc;
using namespace repository;
using support::ModuleFile;
using support::test_key;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr auto release = "6.1.0-56-amd64";
constexpr auto build_id = "00112233445566778899aabbccddeeff00112233"; // as FakeKernelTree has it

struct Bench {
    support::TemporaryDirectory directory;
    fs::path place = directory.path() / "source";
    fs::path keys = directory.path() / "keys";
    support::FakeKernelTree tree;
    RunningKernel kernel{release, build_id, tree.root()};
    DirectorySource source{{.name = "test", .path = place, .keys = {}}, keys, kernel};

    Bench() {
        fs::create_directories(place);
        directory.write("keys/k.pem", test_key().certificate_pem());
    }

    // By a rename, as packages do it.
    void put(std::string const& name, std::string const& content) const {
        directory.write("source/.new", content);
        fs::rename(place / ".new", place / name);
    }

    void put(ModuleFile const& module) const {
        put(module.name + ".ko", module.signed_by(test_key()));
    }

    Offer only() {
        auto listing = source.list();
        REQUIRE(listing.offers.size() == 1);
        return listing.offers[0];
    }
};

// Counts the reads of files in a directory.
class Reads {
public:
    explicit Reads(fs::path const& path) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        REQUIRE(::inotify_add_watch(fd_.get(), path.c_str(), IN_ACCESS) >= 0);
    }

    bool any() const {
        alignas(inotify_event) char buffer[4096];
        bool found = false;
        for (;;) {
            auto const got = ::read(fd_.get(), buffer, sizeof buffer);
            if (got <= 0)
                return found;
            for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
                auto const* event = reinterpret_cast<inotify_event const*>(buffer + at);
                found = found || (event->mask & IN_ISDIR) == 0; // listing is not reading
                at += sizeof *event + event->len;
            }
        }
    }

private:
    base::UniqueFd fd_;
};

} // namespace

TEST_CASE("a good module is offered with all that is known about it") {
    Bench bench;
    bench.put({.name = "lp_one", .functions = {"f", "g"}, .version = "7"});
    auto const offer = bench.only();
    CHECK(offer.source == "test");
    CHECK(offer.priority == 50);
    CHECK(offer.path == bench.place / "lp_one.ko");
    CHECK(offer.name() == "lp_one");
    CHECK(offer.id == "lp_one");
    CHECK(offer.module.version == "7");
    CHECK(offer.module.objects.at(0).functions.size() == 2);
    CHECK(offer.module.replace == module::Replace::no);
    CHECK(offer.sha256.size() == 64);
    CHECK(offer.signer.starts_with("test key "));
    CHECK_FALSE(offer.refused);
    CHECK(bench.source.list().problems.empty());
    auto const patch = bench.source.verify(offer);
    REQUIRE(patch);
    CHECK(patch->sha256() == offer.sha256);
}

TEST_CASE("a directory that is not there yet is empty") {
    Bench bench;
    fs::remove_all(bench.place);
    auto listing = bench.source.list();
    CHECK(listing.offers.empty());
    CHECK(listing.problems.empty());
    fs::create_directory(bench.place);
    bench.put(ModuleFile{});
    CHECK(bench.only().name() == "lp_one");
}

TEST_CASE("a directory that is not safe offers nothing and says why") {
    Bench bench;
    bench.put(ModuleFile{});
    CHECK(bench.source.list().offers.size() == 1);
    auto const offer = bench.only();
    ::chmod(bench.place.c_str(), 0777);
    auto const listing = bench.source.list();
    CHECK(listing.offers.empty());
    REQUIRE(listing.problems.size() == 1);
    CHECK(listing.problems[0].subject == bench.place.string());
    CHECK(bench.source.verify(offer).error().code == Errc::verification_failed);
}

TEST_CASE("compressed modules are one with the plain one") {
    Bench bench;
    auto const plain = ModuleFile{}.signed_by(test_key());
    bench.put("1.ko", plain);
    bench.put("2.ko.gz", support::gzip(plain));
    bench.put("3.ko.xz", support::xz(plain));
    bench.put("4.ko.zst", support::zstd(plain));
    auto const listing = bench.source.list();
    REQUIRE(listing.offers.size() == 4);
    for (auto const& offer : listing.offers) {
        CHECK_FALSE(offer.refused);
        CHECK(offer.sha256 == listing.offers[0].sha256);
        CHECK(bench.source.verify(offer));
    }
}

TEST_CASE("other files are ignored") {
    Bench bench;
    for (auto const* name : {".hidden.ko", "readme", "lp.ko.bz2", "lp.koo", "ko", "lp.ko.json"})
        bench.put(name, "x");
    auto const listing = bench.source.list();
    CHECK(listing.offers.empty());
    CHECK(listing.problems.empty());
}

TEST_CASE("bad files are offered as refused, under the name they would most likely have") {
    Bench bench;
    bench.put(ModuleFile{});
    auto const good = ModuleFile{.name = "lp_bad"}.signed_by(test_key());
    std::string content = good;
    auto code = Errc::verification_failed;
    SECTION("empty") {
        content.clear();
    }
    SECTION("text") {
        content = "text";
    }
    SECTION("cut off") {
        content.resize(content.size() / 2);
    }
    SECTION("tampered with") {
        content[content.find("GPL")] = 'X';
    }
    SECTION("not signed") {
        content = ModuleFile{.name = "lp_bad"}.unsigned_bytes();
    }
    SECTION("signed by somebody else") {
        content = ModuleFile{.name = "lp_bad"}.signed_by(support::SigningKey::ec("P-256"));
    }
    SECTION("for another kernel") {
        content = ModuleFile{.name = "lp_bad", .release = "5.10.0"}.signed_by(test_key());
        code = Errc::wrong_kernel;
    }
    bench.put("lp-bad.ko", content);
    auto const listing = bench.source.list();
    REQUIRE(listing.offers.size() == 2);
    CHECK(listing.offers[0].name() == "lp_bad");
    REQUIRE(listing.offers[0].refused);
    CHECK(listing.offers[0].refused->code == code);
    CHECK(listing.offers[0].refused->subject == (bench.place / "lp-bad.ko").string());
    CHECK_FALSE(listing.offers[1].refused);
    // A directory may serve several kernels: that is no problem.
    CHECK(listing.problems.size() == (code == Errc::wrong_kernel ? 0 : 1));
    CHECK(bench.source.verify(listing.offers[0]).has_error());
}

TEST_CASE("what is no file is refused, and nothing blocks") {
    Bench bench;
    auto const path = bench.place / "x.ko";
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    }
    SECTION("a directory") {
        fs::create_directory(path);
    }
    SECTION("a symbolic link") {
        bench.directory.write("elsewhere", ModuleFile{}.signed_by(test_key()));
        fs::create_symlink("../elsewhere", path);
    }
    auto const offer = bench.only();
    CHECK(offer.name() == "x");
    REQUIRE(offer.refused);
    CHECK(offer.refused->code == Errc::verification_failed);
}

TEST_CASE("file names may be anything") {
    Bench bench;
    auto const name = GENERATE(
        std::string("lp\n.ko"),
        std::string("\x1b[2J.ko"),
        std::string("\xff\xfe.ko"),
        std::string(252, 'a') + ".ko",
        std::string("a b.ko"),
        std::string("-rf.ko")
    );
    SECTION("a good module does not mind") {
        bench.put(name, ModuleFile{}.signed_by(test_key()));
        CHECK(bench.only().name() == "lp_one");
        CHECK_FALSE(bench.only().refused);
    }
    SECTION("a bad one without a usable name is a problem only, and said on one line") {
        bench.put(name, "x");
        auto const listing = bench.source.list();
        REQUIRE(listing.problems.size() == 1);
        auto const said = describe(listing.problems[0]);
        CHECK(said.find('\n') == std::string::npos);
        CHECK(said.find('\x1b') == std::string::npos);
        bool const usable = name == "-rf.ko"; // "_rf"
        CHECK(listing.offers.size() == (usable ? 1 : 0));
    }
}

TEST_CASE("files that did not change are not read again") {
    Bench bench;
    bench.put(ModuleFile{});
    Reads const reads(bench.place);
    auto const sha256 = bench.only().sha256;
    CHECK(reads.any());
    // Not before its stamp would tell the next change: a second or two.
    auto const end = std::chrono::steady_clock::now() + 10s;
    bool again = true;
    while (again && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(100ms);
        CHECK(bench.only().sha256 == sha256);
        again = reads.any();
    }
    CHECK_FALSE(again);

    SECTION("one that changed is") {
        bench.put({.name = "lp_one", .version = "2"});
        CHECK(bench.only().sha256 != sha256);
        CHECK(reads.any());
    }
    SECTION("one that changed in place, to the same length and time, is") {
        auto const path = bench.place / "lp_one.ko";
        auto const time = fs::last_write_time(path);
        auto const content = ModuleFile{.name = "lp_one", .version = "2"}.signed_by(test_key());
        bench.directory.write("source/lp_one.ko", content);
        fs::last_write_time(path, time);
        CHECK(bench.only().sha256 != sha256);
    }
    SECTION("one that was taken away is forgotten") {
        fs::remove(bench.place / "lp_one.ko");
        CHECK(bench.source.list().offers.empty());
    }
    SECTION("and all are when the keys changed") {
        bench.directory.write("keys/other.pem", support::SigningKey::ec("P-256").certificate_pem());
        CHECK_FALSE(bench.only().refused);
        CHECK(reads.any());
    }
}

TEST_CASE("the keys of the moment count") {
    Bench bench;
    auto const key = support::SigningKey::ec("P-256", "later");
    bench.put("lp.ko", ModuleFile{.name = "lp"}.signed_by(key));
    CHECK(bench.only().refused);
    bench.directory.write("keys/later.pem", key.certificate_pem());
    auto const offer = bench.only();
    CHECK_FALSE(offer.refused);
    CHECK(offer.signer.starts_with("later "));
    CHECK(bench.source.verify(offer));
    fs::remove(bench.keys / "later.pem");
    CHECK(bench.source.verify(offer).error().code == Errc::verification_failed); // not yet listed
    CHECK(bench.only().refused);
}

TEST_CASE("a source may trust some of the keys only") {
    Bench bench;
    auto const key = support::SigningKey::ec("P-256", "other");
    bench.directory.write("keys/other.pem", key.certificate_pem());
    bench.put({.name = "lp"});
    DirectorySource picky(
        {.name = "test", .path = bench.place, .keys = {"other.pem"}}, bench.keys, bench.kernel
    );
    CHECK(picky.list().offers.at(0).refused);
    CHECK_FALSE(bench.only().refused);
    CHECK(picky.verify(bench.only()).has_error());
    DirectorySource missing(
        {.name = "test", .path = bench.place, .keys = {"none.pem"}}, bench.keys, bench.kernel
    );
    CHECK(missing.list().problems.size() == 2); // the key, and the module without it
}

TEST_CASE("what is loaded is what was offered") {
    Bench bench;
    bench.put({.name = "lp"});
    auto const offer = bench.only();
    SECTION("the file changed") {
        bench.put({.name = "lp", .version = "2"});
        CHECK(bench.source.verify(offer).error().code == Errc::conflict);
    }
    SECTION("the file is gone") {
        fs::remove(bench.place / "lp.ko");
        CHECK(bench.source.verify(offer).error().code == Errc::not_found);
    }
    SECTION("the file is a link now") {
        fs::rename(bench.place / "lp.ko", bench.directory.path() / "away");
        fs::create_symlink("../away", bench.place / "lp.ko");
        CHECK(bench.source.verify(offer).error().code == Errc::verification_failed);
    }
    SECTION("the file was compressed meanwhile") {
        auto const plain = ModuleFile{.name = "lp"}.signed_by(test_key());
        // ECDSA signs differently each time, so the bytes have to be the very same.
        bench.put("lp.ko", plain);
        auto const again = bench.only();
        bench.put("lp.ko", support::zstd(plain));
        CHECK(bench.source.verify(again));
    }
}

TEST_CASE("what a source says about cumulative patches wins over the files") {
    Bench bench;
    bench.put({.name = "lp_no"});
    bench.put({.name = "lp_unknown", .tells_replace = false});
    bench.put({.name = "lp_yes", .replace = true});
    auto const replaces = [&](Cumulative cumulative) {
        DirectorySource source(
            {.name = "test", .path = bench.place, .keys = {}, .cumulative = cumulative},
            bench.keys,
            bench.kernel
        );
        std::vector<module::Replace> found;
        for (auto const& offer : source.list().offers)
            found.push_back(offer.module.replace);
        return found;
    };
    using module::Replace;
    using Found = std::vector<Replace>;
    CHECK(replaces(Cumulative::automatic) == Found{Replace::no, Replace::unknown, Replace::yes});
    CHECK(replaces(Cumulative::no) == Found{Replace::no, Replace::no, Replace::no});
    CHECK(replaces(Cumulative::yes) == Found{Replace::yes, Replace::yes, Replace::yes});
}

TEST_CASE("a file that is written in place is never half a module") {
    Bench bench;
    // Large enough that a reading takes longer than a writing.
    auto const good = ModuleFile{}.signed_by(test_key());
    std::string const bad(std::size_t{8} * 1024 * 1024, 'x');
    auto const path = bench.place / "lp_one.ko";
    std::ofstream(path, std::ios::binary) << bad;
    std::atomic<bool> done = false;
    std::thread writer([&] {
        while (!done) {
            std::ofstream file(path, std::ios::binary | std::ios::app);
            file << "more" << std::flush;
        }
    });
    std::set<std::string> causes;
    for (int i = 0; i < 200 && !causes.contains("changed while it was read"); ++i) {
        auto const offer = bench.only();
        REQUIRE(offer.refused);
        causes.insert(offer.refused->cause);
    }
    done = true;
    writer.join();
    causes.erase("not a kernel module: no ELF file"); // between two writings
    CHECK(causes == std::set<std::string>{"changed while it was read"});
    bench.directory.write("source/lp_one.ko", good);
    CHECK_FALSE(bench.only().refused);
}

TEST_CASE("a file that is replaced by a rename is the old one or the new one") {
    Bench bench;
    auto const old_one = ModuleFile{.name = "lp"}.signed_by(test_key());
    auto const new_one = ModuleFile{.name = "lp", .version = "2"}.signed_by(test_key());
    bench.put("lp.ko", old_one);
    std::atomic<bool> done = false;
    std::atomic<int> replaced = 0;
    std::thread writer([&] {
        while (!done)
            bench.put("lp.ko", ++replaced % 2 == 0 ? old_one : new_one);
    });
    for (int i = 0; i < 100 || replaced < 100; ++i)
        CHECK_FALSE(bench.only().refused);
    done = true;
    writer.join();
}

TEST_CASE("a directory is read by the descriptor that was checked") {
    // list_directory by descriptor, whatever the path leads to meanwhile.
    support::TemporaryDirectory const directory;
    directory.write("a/one.ko", "x");
    base::UniqueFd const fd(
        ::open((directory.path() / "a").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    );
    fs::rename(directory.path() / "a", directory.path() / "b");
    directory.write("a/two.ko", "x");
    std::vector<std::string> const expected{"one.ko"};
    CHECK(base::list_directory(fd.get(), "a").value() == expected);
    CHECK(base::list_directory(fd.get(), "a").value() == expected); // from its start
    CHECK(base::list_directory(-1, "a").error().subject == "a");
}

TEST_CASE("a module built against another interface of the kernel is refused") {
    Bench bench;
    constexpr auto modules = "lib/modules/6.1.0-56-amd64/";
    ModuleFile const ext4{.build_id = "aa00", .versions = {{"module_layout", 1}}};
    bench.tree.write(modules + std::string("kernel/ext4.ko"), ext4.unsigned_bytes());
    bench.tree.write(modules + std::string("modules.dep"), "kernel/ext4.ko:\n");
    bench.tree.set_module("ext4", {.build_id = "aa00"});
    bench.put({.name = "lp_good", .versions = {{"module_layout", 1}}});
    bench.put({.name = "lp_other", .versions = {{"module_layout", 2}}});
    bench.put({.name = "lp_stripped"});
    auto const listing = bench.source.list();
    REQUIRE(listing.offers.size() == 3);
    CHECK_FALSE(listing.offers[0].refused);
    CHECK(listing.offers[0].module.versions.empty()); // not kept
    CHECK(bench.source.verify(listing.offers[0]));
    for (auto i : {1U, 2U}) {
        REQUIRE(listing.offers[i].refused);
        CHECK(listing.offers[i].refused->code == Errc::wrong_kernel);
        CHECK(bench.source.verify(listing.offers[i]).error().code == Errc::wrong_kernel);
    }
}

TEST_CASE("more files than anybody needs are refused as a whole") {
    Bench bench;
    for (int i = 0; i < 20'001; ++i)
        std::ofstream(bench.place / std::to_string(i));
    auto const listing = bench.source.list();
    CHECK(listing.offers.empty());
    CHECK(listing.problems.size() == 1);
}
