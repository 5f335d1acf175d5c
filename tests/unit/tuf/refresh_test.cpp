// The way of an update, when nobody is hostile.
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/tuf_bench.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using support::TufBench;
using support::TufKey;
using Strings = std::vector<std::string>;

TEST_CASE("the first refresh takes everything, in the order of the specification") {
    TufBench bench;
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored() == "1 1 1 1");
    CHECK(
        bench.take_requests() ==
        Strings{
            "metadata/2.root.json",
            "metadata/timestamp.json",
            "metadata/1.snapshot.json",
            "metadata/1.targets.json"}
    );
    CHECK(bench.fetch("file.txt") == "content");
}

TEST_CASE("a refresh of what has not changed asks twice") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.take_requests();
    CHECK(bench.refresh() == "ok");
    CHECK(bench.take_requests() == Strings{"metadata/2.root.json", "metadata/timestamp.json"});
}

TEST_CASE("what is stored is what was received, byte for byte") {
    TufBench bench;
    bench.repository.files["metadata/timestamp.json"] += "\n\n";
    REQUIRE(bench.refresh() == "ok");
    for (auto const& [role, file] : std::map<std::string, std::string>{
             {"root", "1.root.json"},
             {"timestamp", "timestamp.json"},
             {"snapshot", "1.snapshot.json"},
             {"targets", "1.targets.json"}})
        CHECK(
            base::read_file(bench.paths().metadata / (role + ".json")).value() ==
            bench.repository.files.at("metadata/" + file)
        );
}

TEST_CASE("new versions are taken, several at once too") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.repository.publish();
    bench.repository.add_target("new.ko", "module");
    bench.repository.publish();
    CHECK(bench.fetch("new.ko") == "module");
    CHECK(bench.stored() == "1 3 3 3");
}

TEST_CASE("only the timestamp is signed anew: two requests") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.take_requests();
    bench.repository.version_of("timestamp") = 2;
    bench.repository.write_timestamp();
    CHECK(bench.refresh() == "ok");
    CHECK(bench.take_requests() == Strings{"metadata/2.root.json", "metadata/timestamp.json"});
    CHECK(bench.stored() == "1 2 1 1");
}

TEST_CASE("a repository without versions and hashes in its names") {
    TufBench bench;
    bench.repository.content["root"]["consistent_snapshot"] = false;
    bench.repository.publish_root();
    bench.repository.publish();
    CHECK(bench.fetch("file.txt") == "content");
    CHECK(
        bench.take_requests() ==
        Strings{
            "metadata/2.root.json",
            "metadata/3.root.json",
            "metadata/timestamp.json",
            "metadata/snapshot.json",
            "metadata/targets.json",
            "targets/file.txt"}
    );
}

TEST_CASE("snapshot and timestamp need not say length and hashes") {
    TufBench bench;
    bench.repository.describes = false;
    bench.repository.publish();
    CHECK(bench.fetch("file.txt") == "content");
    bench.take_requests();
    CHECK(bench.refresh() == "ok");
    CHECK(bench.take_requests().size() == 2);
}

TEST_CASE("all kinds of keys sign, and several of them") {
    TufBench bench;
    auto const keys = std::vector{TufKey::rsa(), TufKey::ec(), TufKey::ed25519()};
    for (auto const* role : {"root", "timestamp", "snapshot", "targets"})
        bench.repository.authorise(role, keys, 3);
    bench.repository.publish_root();
    bench.repository.publish();
    CHECK(bench.fetch("file.txt") == "content");
}

TEST_CASE("a target is found whose hash is a SHA-512") {
    TufBench bench;
    auto& target = bench.repository.content["targets"]["targets"]["file.txt"];
    // Of "content".
    constexpr auto sha512 =
        "b2d1d285b5199c85f988d03649c37e44fd3dde01e5d69c50fef90651962f48110e9340b60d49"
        "a479c4c0b53f5f07d690686dd87d2481937a512e8b85ee7c617f";
    target["hashes"] = {{"sha512", sha512}};
    bench.repository.publish();
    bench.repository.files[std::string("targets/") + sha512 + ".file.txt"] = "content";
    CHECK(bench.fetch("file.txt") == "content");
}

TEST_CASE("an empty target") {
    TufBench bench;
    bench.repository.add_target("empty", "");
    bench.repository.publish();
    CHECK(bench.fetch("empty").empty());
}

TEST_CASE("a target that is not there is not found, and the repository is well") {
    TufBench bench;
    auto client = bench.refreshed();
    REQUIRE(client);
    auto const target = client->find("other.txt");
    REQUIRE(target.has_error());
    CHECK(target.error().code == base::Errc::not_found);
    CHECK(base::describe(target.error()) == "other.txt: the repository has no such target");
}

TEST_CASE("a sink that takes no more ends the transfer with its error") {
    TufBench bench;
    auto client = bench.refreshed();
    REQUIRE(client);
    auto const target = client->find("file.txt");
    REQUIRE(target);
    auto const done = client->fetch(*target, [](auto) -> base::Result<void> {
        return base::system_error("module.ko", "cannot write", ENOSPC);
    });
    REQUIRE(done.has_error());
    CHECK(base::describe(done.error()) == "module.ko: cannot write: No space left on device");
}

TEST_CASE("what a damaged store has lost is fetched again") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    for (auto const* role : {"root", "timestamp", "snapshot", "targets"}) {
        for (std::string const content : {"", "{", "{}", "\x01\xff"}) {
            bench.directory.write(std::string("repos/corp/metadata/") + role + ".json", content);
            CHECK(bench.refresh() == "ok");
            CHECK(bench.stored() == "1 1 1 1");
        }
    }
    bench.directory.write("repos/corp/state.json", "{");
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("a store that cannot be read is an error, not an empty one") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    auto const file = bench.paths().metadata / "timestamp.json";
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    auto const error = bench.failure();
    CHECK(error.subject == file);
    CHECK(error.cause == "cannot read: Is a directory");
}

TEST_CASE("when the last refresh succeeded is remembered") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    CHECK(bench.store->memory().last_ok == bench.now);
    auto const before = bench.now;
    bench.now += 24h;
    bench.source.scripts["metadata/timestamp.json"] = [](auto const&, auto const&) {
        return base::Error{.code = base::Errc::failed, .subject = "x", .cause = "y", .remedy = {}};
    };
    REQUIRE(bench.refresh() == "x: y");
    CHECK(bench.store->memory().last_ok == before);
}

TEST_CASE("a clock that went back is no clock to tell what has expired") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.now -= 59min;
    CHECK(bench.refresh() == "ok");
    bench.now -= 2min;
    bench.take_requests();
    auto const error = bench.failure();
    CHECK(error.code == base::Errc::expired);
    CHECK(error.subject == "clock");
    CHECK(
        error.cause == "it says 2026-05-31T22:59:00Z, but the last refresh was at "
                       "2026-06-01T00:00:00Z: what has expired cannot be told"
    );
    CHECK(bench.take_requests().empty());
}

TEST_CASE("a clock that was never set is told as such, and nobody is asked") {
    TufBench bench;
    auto const right = bench.now;
    bench.now = *trust::tuf::parse_time("1970-01-01T00:05:00Z");
    auto const error = bench.failure();
    CHECK(error.code == base::Errc::expired);
    CHECK(
        error.cause == "it says 1970-01-01T00:05:00Z, which has long passed: what has expired "
                       "cannot be told"
    );
    CHECK(bench.take_requests().empty());
    bench.now = right;
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("two at a time: the second is told to wait") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok"); // the bench holds the store
    auto const second = trust::tuf::Store::open(bench.paths());
    REQUIRE(second.has_error());
    CHECK(second.error().code == base::Errc::busy);
}
