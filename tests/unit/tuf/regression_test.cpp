// What other clients got wrong, by the number under which it was published.
#include "support/catch.hpp"
#include "support/tuf_bench.hpp"

using namespace livepatch;
using base::Errc;
using support::TufBench;
using support::TufKey;
using support::TufRepository;

namespace {

std::string sign_timestamp(TufBench& bench, std::vector<TufKey> const& keys) {
    return TufRepository::sign(bench.repository.content["timestamp"], keys);
}

} // namespace

TEST_CASE("CVE-2021-41131: the name of a role is no path") {
    TufBench bench;
    bench.repository.delegate({.to = "../../../../tmp/evil"});
    bench.repository.add_target("file", "found", "../../../../tmp/evil");
    bench.repository.publish();
    REQUIRE(bench.fetch("file") == "found");
    CHECK(bench.take_requests()[4] == "metadata/1...%2F..%2F..%2F..%2Ftmp%2Fevil.json");
    CHECK(std::filesystem::exists(bench.paths().metadata / "..%2F..%2F..%2F..%2Ftmp%2Fevil.json"));
}

TEST_CASE("CVE-2022-29173: versions of every role are held against those seen before") {
    struct Case {
        char const* role;
        char const* refusal;
    };

    for (auto const& [role, refusal] :
         {Case{"timestamp", "the timestamp went back from version 5 to 4"},
          Case{"snapshot", "the snapshot went back from version 5 to 4"},
          Case{"targets", "targets.json went back from version 5 to 4"},
          Case{"team", "team.json went back from version 5 to 4"}}) {
        TufBench bench;
        bench.repository.delegate({.to = "team"});
        for (auto const* all : {"timestamp", "snapshot", "targets", "team"})
            bench.repository.version_of(all) = 4;
        bench.repository.publish();
        REQUIRE(bench.refresh() == "ok");
        for (auto const* all : {"timestamp", "snapshot", "targets", "team"})
            bench.repository.version_of(all) = std::string_view(all) == role ? 3 : 5;
        bench.repository.publish();
        CHECK(bench.failure().cause == refusal);
    }
}

TEST_CASE("CVE-2024-47534: delegations are asked in the order of the list") {
    for (bool const z_first : {true, false}) {
        TufBench bench;
        bench.repository.delegate({.to = z_first ? "z" : "a"});
        bench.repository.delegate({.to = z_first ? "a" : "z"});
        bench.repository.add_target("file", "of a", "a");
        bench.repository.add_target("file", "of z", "z");
        bench.repository.publish();
        CHECK(bench.fetch("file") == (z_first ? "of z" : "of a"));
    }
}

TEST_CASE("CVE-2026-23992: a threshold of nothing is no threshold") {
    for (int const threshold : {0, -1}) {
        TufBench bench;
        bench.repository.authorise("timestamp", {TufKey::ed25519()}, threshold);
        bench.repository.publish_root();
        bench.repository.files["metadata/timestamp.json"] = sign_timestamp(bench, {});
        CHECK(
            bench.failure().cause ==
            "signed.roles.timestamp.threshold must be a whole number from 1 on"
        );
        CHECK(bench.stored("root") == 1);
    }
    TufBench bench; // and a file without signatures is not one that lacks none
    bench.repository.files["metadata/timestamp.json"] = sign_timestamp(bench, {});
    CHECK(bench.failure().cause == "signed by 0 of the 1 keys it needs");
}

TEST_CASE("go-tuf: JSON that is well-formed and nonsense is an error, no crash") {
    for (std::string const nonsense :
         {"null",
          "0",
          "[]",
          "\"\"",
          "{}",
          R"({"signed":null,"signatures":null})",
          R"({"signed":null,"signatures":[]})",
          R"({"signed":[],"signatures":[null]})",
          R"({"signed":{},"signatures":[{}]})",
          R"({"signed":{"_type":null},"signatures":[{"keyid":null,"sig":null}]})",
          R"({"signed":{"_type":"timestamp","meta":null},"signatures":[]})"}) {
        for (auto const* file :
             {"2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}) {
            TufBench bench;
            bench.repository.describes = false;
            bench.repository.write_snapshot();
            bench.repository.write_timestamp();
            bench.repository.files[std::string("metadata/") + file] = nonsense;
            auto const error = bench.failure();
            CHECK(error.code == Errc::verification_failed);
            CHECK(error.subject == std::string("repo/metadata/") + file);
        }
    }
}

TEST_CASE("go-tuf: nonsense under a good signature is an error, too") {
    for (auto const* key : {"_type", "spec_version", "version", "expires", "meta"}) {
        for (TufRepository::Json const& value :
             {TufRepository::Json(),
              TufRepository::Json(0),
              TufRepository::Json(""),
              TufRepository::Json::array(),
              TufRepository::Json::object()}) {
            TufBench bench;
            bench.repository.content["timestamp"][key] = value;
            bench.repository.files["metadata/timestamp.json"] =
                sign_timestamp(bench, bench.repository.signers["timestamp"]);
            auto const error = bench.failure();
            CHECK(error.code == Errc::verification_failed);
            CHECK(error.cause.starts_with("signed."));
        }
    }
}

TEST_CASE("CVE-2025-2885: the file for version N+1 of the root is version N+1") {
    for (int const version : {1, 3, 7}) {
        TufBench bench;
        auto root = bench.repository.content["root"];
        root["version"] = version;
        bench.repository.files["metadata/2.root.json"] =
            TufRepository::sign(root, bench.repository.signers["root"]);
        auto const error = bench.failure();
        CHECK(error.subject == "repo/metadata/2.root.json");
        CHECK(error.cause == "is version " + std::to_string(version) + " of the root, not 2");
        CHECK(bench.stored("root") == 1);
    }
}

TEST_CASE("CVE-2025-2888: a timestamp is stored only once all was said against it") {
    TufBench bench;
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    bench.repository.version_of("snapshot") = 1;
    bench.repository.version_of("timestamp") = 9;
    bench.repository.write_timestamp();
    CHECK(bench.failure().cause == "the snapshot went back from version 2 to 1");
    CHECK(bench.stored("timestamp") == 2);
    // The honest repository goes on from where it was.
    bench.repository.version_of("snapshot") = 2;
    bench.repository.version_of("timestamp") = 2;
    bench.repository.publish();
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("CVE-2026-6967: delegated roles expire, and have the hash and length that were said") {
    auto const prepared = [](TufBench& bench) {
        bench.repository.delegate({.to = "team"});
        bench.repository.add_target("file", "found", "team");
    };
    {
        TufBench bench;
        prepared(bench);
        bench.repository.content["team"]["expires"] = "2026-05-31T00:00:00Z";
        bench.repository.publish();
        CHECK(bench.fetch("file").find("the team expired at 2026-05-31") != std::string::npos);
        CHECK(bench.stored("team") == 0);
    }
    {
        TufBench bench;
        prepared(bench);
        bench.repository.publish();
        auto& file = bench.repository.files.at("metadata/1.team.json");
        auto const honest = file;
        file = ' ' + honest;
        CHECK(bench.fetch("file").find("longer than the") != std::string::npos);
        // Same length, same meaning, other bytes.
        file = honest;
        auto const place = file.find("\"keyid\":");
        file.replace(place, 8, "\"keyid\"\t"); // no JSON any more, so the hash has to be first
        CHECK(bench.fetch("file").find("its hash is not the signed one") != std::string::npos);
        file = honest;
        CHECK(bench.fetch("file") == "found");
        // One that is stored is looked at as well.
        bench.now = *trust::tuf::parse_time("2026-06-19T00:00:00Z");
        bench.repository.content["team"]["expires"] = "2026-06-10T00:00:00Z";
        bench.repository.publish();
        CHECK(bench.fetch("file").find("the team expired at 2026-06-10") != std::string::npos);
    }
}

TEST_CASE("tough: a terminating delegation ends the search, also without a result") {
    TufBench bench;
    bench.repository.delegate({.to = "first", .terminating = true});
    bench.repository.delegate({.to = "second"});
    bench.repository.add_target("file", "of second", "second");
    bench.repository.publish();
    CHECK(bench.fetch("file") == "file: the repository has no such target");
}

TEST_CASE("tough: a delegated role does not go back") {
    TufBench bench;
    bench.repository.delegate({.to = "team"});
    bench.repository.add_target("file", "old", "team");
    bench.repository.publish();
    auto const old = bench.repository.content["team"];
    bench.repository.add_target("file", "new", "team");
    bench.repository.publish();
    REQUIRE(bench.fetch("file") == "new");
    bench.repository.content["team"] = old;
    bench.repository.version_of("team") = 0;
    bench.repository.publish();
    CHECK(bench.failure().cause == "team.json went back from version 2 to 1");
}

TEST_CASE("tough: delegations in a circle") {
    TufBench bench;
    bench.repository.delegate({.to = "a"});
    bench.repository.delegate({.from = "a", .to = "b"});
    bench.repository.delegate({.from = "b", .to = "a"});
    bench.repository.delegate({.from = "b", .to = "b"});
    bench.repository.publish();
    bench.repository.publish();
    CHECK(bench.fetch("file") == "file: the repository has no such target");
}

TEST_CASE("CVE-2020-15093, CVE-2020-6174: a key counts once, however often it has signed") {
    auto const signer = TufKey::ed25519();
    auto const other = TufKey::ed25519();
    {
        TufBench bench; // the same key id twice in the signatures
        bench.repository.authorise("timestamp", {signer, other}, 2);
        bench.repository.publish_root();
        bench.repository.files["metadata/timestamp.json"] = sign_timestamp(bench, {signer, signer});
        CHECK(bench.failure().cause.find("one signature a key id") != std::string::npos);
    }
    {
        TufBench bench; // the same key under two ids
        auto const twin = signer.called("twin");
        bench.repository.authorise("timestamp", {signer, twin}, 2);
        bench.repository.publish_root();
        bench.repository.files["metadata/timestamp.json"] = sign_timestamp(bench, {signer, twin});
        CHECK(bench.failure().cause == "signed by 1 of the 2 keys it needs");
    }
    {
        TufBench bench; // the same id twice among the role's
        bench.repository.authorise("timestamp", {signer, signer}, 2);
        bench.repository.publish_root();
        CHECK(
            bench.failure().cause ==
            "signed.roles.timestamp.keyids must be a list in which nothing is twice"
        );
    }
}

TEST_CASE("CVE-2020-15163: a root that goes back, or that leaves one out, is none") {
    TufBench bench;
    bench.repository.publish_root();
    bench.repository.publish_root();
    REQUIRE(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 3);
    for (int const served : {1, 2}) {
        bench.repository.files["metadata/4.root.json"] =
            bench.repository.files.at("metadata/" + std::to_string(served) + ".root.json");
        CHECK(
            bench.failure().cause == "is version " + std::to_string(served) + " of the root, not 4"
        );
        CHECK(bench.stored("root") == 3);
    }
}
