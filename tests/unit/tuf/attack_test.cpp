// One test for each attack that a signed repository is there to withstand: by whoever is on the
// wire, owns a mirror, or has stolen a key.
#include "support/catch.hpp"
#include "support/tuf_bench.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using base::Errc;
using support::TufBench;
using support::TufKey;
using support::TufRepository;

namespace {

using Files = std::map<std::string, std::string>;
using Answer = trust::tuf::Source::Answer;

constexpr auto timestamp_file = "metadata/timestamp.json";

auto unchanged(trust::tuf::Source::Request const&, trust::tuf::Source::Sink const&) {
    return base::Result<Answer>(Answer::unchanged);
}

// Endless; ends only because the sink says so.
base::Result<Answer>
endless(trust::tuf::Source::Request const&, trust::tuf::Source::Sink const& sink) {
    std::string const some(64UL * 1024, ' ');
    for (int i = 0; i < 10'000; ++i)
        if (auto taken = sink(std::as_bytes(std::span(some))); !taken)
            return taken.error();
    throw std::runtime_error("nobody ended it");
}

} // namespace

TEST_CASE("arbitrary software: a target that was exchanged") {
    TufBench bench;
    for (auto& [name, bytes] : bench.repository.files)
        if (name.starts_with("targets/"))
            bytes = "c0ntent";
    CHECK(bench.fetch("file.txt").find("its hash is not the signed one") != std::string::npos);
}

TEST_CASE("arbitrary software: a target that is longer or shorter") {
    TufBench bench;
    for (auto& [name, bytes] : bench.repository.files)
        if (name.starts_with("targets/"))
            bytes = "content and more";
    CHECK(bench.fetch("file.txt").find("longer than the 7 bytes") != std::string::npos);
    for (auto& [name, bytes] : bench.repository.files)
        if (name.starts_with("targets/"))
            bytes = "conten";
    CHECK(bench.fetch("file.txt").find("6 bytes long, but signed with 7") != std::string::npos);
}

TEST_CASE("arbitrary software: metadata by a stranger, or changed after it was signed") {
    for (std::string const role : {"timestamp", "snapshot", "targets"}) {
        TufBench bench;
        bench.repository.describes = false;
        auto const honest = bench.repository.signers[role];
        bench.repository.signers[role] = {TufKey::ed25519()};
        bench.repository.publish();
        auto const error = bench.failure();
        CHECK(error.code == Errc::verification_failed);
        CHECK(error.cause == "signed by 0 of the 1 keys it needs");
        CHECK(error.subject.ends_with(role + ".json"));
        // The right key id does not help.
        bench.repository.signers[role] = {TufKey::ed25519().called(honest[0].id())};
        bench.repository.publish();
        CHECK(bench.failure().cause == "signed by 0 of the 1 keys it needs");
        CHECK(bench.stored(role) == 0);
    }
}

TEST_CASE("arbitrary software: one role's signature for another role") {
    TufBench bench;
    bench.repository.describes = false;
    bench.repository.signers["targets"] = bench.repository.signers["timestamp"];
    bench.repository.publish();
    CHECK(bench.failure().subject == "repo/metadata/2.targets.json");
}

TEST_CASE("rollback: an older timestamp") {
    TufBench bench;
    auto const old = bench.repository.files.at(timestamp_file);
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    bench.repository.files[timestamp_file] = old;
    auto const error = bench.failure();
    CHECK(error.code == Errc::rolled_back);
    CHECK(error.subject == "repo/metadata/timestamp.json");
    CHECK(error.cause == "the timestamp went back from version 2 to 1");
    CHECK(bench.stored() == "1 2 2 2");
}

TEST_CASE("rollback: a new timestamp for an older snapshot") {
    TufBench bench;
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    bench.repository.version_of("snapshot") = 1;
    bench.repository.version_of("timestamp") = 3;
    bench.repository.write_timestamp();
    CHECK(bench.failure().cause == "the snapshot went back from version 2 to 1");
    CHECK(bench.stored() == "1 2 2 2");
}

TEST_CASE("rollback: an older snapshot when the timestamp was lost") {
    TufBench bench;
    auto const old = bench.repository.files.at(timestamp_file);
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    std::filesystem::remove(bench.paths().metadata / "timestamp.json");
    bench.repository.files[timestamp_file] = old;
    CHECK(bench.failure().cause == "the snapshot went back from version 2 to 1");
}

TEST_CASE("rollback: a new snapshot for older targets, or without them") {
    TufBench bench;
    bench.repository.delegate({.to = "team"});
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    auto const before = bench.repository.content;
    bench.repository.version_of("targets") = 1;
    bench.repository.version_of("snapshot") = 3;
    bench.repository.version_of("timestamp") = 3;
    bench.repository.write_snapshot();
    bench.repository.write_timestamp();
    CHECK(bench.failure().cause == "targets.json went back from version 2 to 1");
    CHECK(bench.stored("snapshot") == 2);
    bench.repository.content = before;
    bench.repository.content.erase("team");
    bench.repository.publish();
    bench.repository.version_of("timestamp") = 4;
    bench.repository.write_timestamp();
    CHECK(bench.failure().cause == "does not list team.json any more");
}

TEST_CASE("rollback: a deleted mirror does not help, nor an expired store") {
    TufBench bench;
    Files const old = bench.repository.files;
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    bench.now = *trust::tuf::parse_time("2026-06-25T00:00:00Z");
    bench.source.serve(old);
    CHECK(bench.failure().cause == "the timestamp went back from version 2 to 1");
}

TEST_CASE("freeze: what is not signed anew expires, each role by itself") {
    struct Case {
        char const* role;
        char const* end;
        char const* stored; // root, timestamp, snapshot, targets of a client that begins
    };

    for (auto const& [role, end, stored] :
         {Case{"timestamp", "2026-06-20T00:00:00Z", "1 0 0 0"},
          Case{"snapshot", "2026-06-10T00:00:00Z", "1 1 0 0"},
          Case{"targets", "2026-06-10T00:00:00Z", "1 1 1 0"}}) {
        TufRepository repository;
        repository.content[role]["expires"] = end;
        for (auto& [name, content] : repository.content)
            content["version"] = content["version"].get<int>() - (name == "root" ? 0 : 1);
        repository.publish();
        TufBench bench;
        bench.repository = repository;
        bench.anchor = repository.files.at("metadata/1.root.json");
        bench.now = *trust::tuf::parse_time(end);
        auto const error = bench.failure();
        CHECK(error.code == Errc::expired);
        CHECK(error.subject.ends_with(std::string(role) + ".json"));
        CHECK(error.cause == "the " + std::string(role) + " expired at " + end);
        CHECK(bench.stored() == stored);
        bench.now -= 1s;
        CHECK(bench.refresh() == "ok");
        bench.now += 1s; // one that has it already
        CHECK(bench.failure().code == Errc::expired);
    }
}

TEST_CASE("freeze: unchanged is not fresh") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.source.scripts[timestamp_file] = unchanged;
    CHECK(bench.refresh() == "ok");
    bench.now = *trust::tuf::parse_time("2026-06-20T00:00:00Z");
    auto const error = bench.failure();
    CHECK(error.code == Errc::expired);
    CHECK(error.subject == "repo/metadata/timestamp.json");
    CHECK(error.cause == "the timestamp expired at 2026-06-20T00:00:00Z");
}

TEST_CASE("freeze: unchanged says nothing to who has nothing, or has not asked") {
    TufBench bench;
    bench.source.scripts[timestamp_file] = unchanged;
    CHECK(bench.failure().subject == "repo/metadata/timestamp.json");
    bench.source.scripts.clear();
    bench.source.scripts["metadata/1.snapshot.json"] = unchanged;
    CHECK(bench.failure().subject == "repo/metadata/1.snapshot.json");
    bench.source.scripts.clear();
    bench.source.scripts["metadata/2.root.json"] = unchanged;
    CHECK(bench.failure().subject == "repo/metadata/2.root.json");
}

TEST_CASE("freeze: of one version there is one content") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.repository.content["timestamp"]["expires"] = "2026-12-01T00:00:00Z";
    bench.repository.write_timestamp();
    CHECK(bench.refresh() == "ok");
    bench.now = *trust::tuf::parse_time("2026-06-20T00:00:00Z");
    CHECK(bench.failure().code == Errc::expired);
}

TEST_CASE("fast-forward: new keys forget the versions that stolen ones signed") {
    for (std::string const stolen : {"timestamp", "snapshot"}) {
        TufBench bench;
        auto const honest = bench.repository.content;
        bench.repository.version_of(stolen) = 1'000'000;
        bench.repository.version_of("targets") = 1'000'000;
        bench.repository.publish();
        REQUIRE(bench.refresh() == "ok");
        bench.repository.content = honest;
        bench.repository.authorise("timestamp", {TufKey::ed25519()});
        bench.repository.authorise("snapshot", {TufKey::ed25519()});
        bench.repository.publish_root();
        bench.repository.publish();
        CHECK(bench.refresh() == "ok");
        CHECK(bench.stored() == "2 2 2 2");
    }
}

TEST_CASE("fast-forward: one of the two keys that may sign goes, and all it signed") {
    TufBench bench;
    auto const stays = TufKey::ed25519();
    auto const goes = TufKey::ed25519();
    for (auto const* role : {"timestamp", "snapshot"})
        bench.repository.authorise(role, {stays, goes});
    bench.repository.publish_root();
    auto const honest = bench.repository.content;
    bench.repository.version_of("timestamp") = 1'000'000;
    bench.repository.version_of("snapshot") = 1'000'000;
    bench.repository.publish(); // signed by both, so today's keys would still do
    REQUIRE(bench.refresh() == "ok");
    bench.repository.content = honest;
    for (auto const* role : {"timestamp", "snapshot"})
        bench.repository.authorise(role, {stays});
    bench.repository.publish_root();
    bench.repository.publish();
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored() == "3 2 2 2");
}

TEST_CASE("a key that is added forgets nothing") {
    TufBench bench;
    auto const old = bench.repository.files.at(timestamp_file);
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    auto keys = bench.repository.signers["timestamp"];
    keys.push_back(TufKey::ed25519());
    bench.repository.authorise("timestamp", keys);
    bench.repository.publish_root();
    bench.repository.files[timestamp_file] = old;
    CHECK(bench.failure().cause == "the timestamp went back from version 2 to 1");
}

TEST_CASE("mix and match: each file well signed, but not of one time") {
    TufBench bench;
    Files const first = bench.repository.files;
    bench.repository.add_target("file.txt", "new content");
    bench.repository.publish();
    auto& files = bench.repository.files;
    Files const second = files;
    files["metadata/2.snapshot.json"] = first.at("metadata/1.snapshot.json");
    CHECK(bench.failure().subject == "repo/metadata/2.snapshot.json");
    files = second;
    files["metadata/2.targets.json"] = first.at("metadata/1.targets.json");
    CHECK(bench.failure().subject == "repo/metadata/2.targets.json");
    files = second;
    CHECK(bench.fetch("file.txt") == "new content");
}

TEST_CASE("mix and match: found by the version alone where nothing says the hash") {
    TufBench bench;
    bench.repository.describes = false;
    bench.repository.publish();
    bench.repository.publish();
    auto& files = bench.repository.files;
    auto const honest = files;
    files["metadata/3.snapshot.json"] = files["metadata/2.snapshot.json"];
    CHECK(bench.failure().cause == "is version 2, not 3");
    files = honest;
    files["metadata/3.targets.json"] = files["metadata/2.targets.json"];
    CHECK(bench.failure().cause == "is version 2, not 3");
}

TEST_CASE("endless data ends at a limit, whatever the file") {
    for (std::string const file :
         {"metadata/2.root.json",
          timestamp_file,
          "metadata/1.snapshot.json",
          "metadata/1.targets.json"}) {
        TufBench bench;
        bench.source.scripts[file] = endless;
        auto const error = bench.failure();
        CHECK(error.subject == "repo/" + file);
        CHECK(error.cause.starts_with("longer than"));
    }
    TufBench bench;
    bench.repository.describes = false;
    bench.repository.publish();
    for (auto const* file : {"metadata/2.snapshot.json", "metadata/2.targets.json"}) {
        bench.source.scripts.clear();
        bench.source.scripts[file] = endless;
        CHECK(bench.failure().code == Errc::limits_exceeded);
    }
    bench.source.scripts.clear();
    auto client = bench.refreshed();
    REQUIRE(client);
    auto const target = client->find("file.txt");
    REQUIRE(target);
    for (auto const& [name, bytes] : bench.repository.files)
        if (name.starts_with("targets/"))
            bench.source.scripts[name] = endless;
    auto const sink = [](auto) { return base::Result<void>(); };
    CHECK(client->fetch(*target, sink).error().cause.starts_with("longer than the 7 bytes"));
}

TEST_CASE("a signed length above the limit does not lift it") {
    TufBench bench;
    bench.limits.targets = 500;
    for (int i = 0; i < 10; ++i)
        bench.repository.add_target("file" + std::to_string(i), "content");
    bench.repository.publish();
    auto const error = bench.failure();
    CHECK(error.code == Errc::limits_exceeded);
    CHECK(error.subject == "repo/metadata/2.targets.json");
}

TEST_CASE("a stale mirror does no lasting harm") {
    TufBench bench;
    Files const stale = bench.repository.files;
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    bench.source.serve(stale);
    CHECK(bench.failure().remedy.find("try another mirror") != std::string::npos);
    bench.source.serve(bench.repository.files);
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("a compromised fetcher can withhold, until it shows") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    Files const withheld = bench.repository.files;
    bench.repository.add_target("fix.ko", "fix");
    bench.repository.publish();
    bench.source.serve(withheld);
    CHECK(bench.fetch("fix.ko") == "fix.ko: the repository has no such target");
    bench.now = *trust::tuf::parse_time("2026-06-20T00:00:00Z");
    CHECK(bench.failure().code == Errc::expired);
    bench.repository.content["timestamp"]["expires"] = "2026-07-01T00:00:00Z";
    bench.repository.publish();
    bench.source.serve(bench.repository.files);
    CHECK(bench.fetch("fix.ko") == "fix");
}

TEST_CASE("half of a repository, as while it is copied: said so, and the next time it is well") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.repository.add_target("fix.ko", "fix");
    bench.repository.publish();
    for (auto const* missing : {"metadata/2.snapshot.json", "metadata/2.targets.json"}) {
        Files copy = bench.repository.files;
        copy.erase(missing);
        bench.source.serve(copy);
        auto const error = bench.failure();
        CHECK(error.code == Errc::incomplete);
        CHECK(error.subject == std::string("repo/") + missing);
        CHECK(error.cause == "is not there, though the signed metadata names it");
        CHECK(error.remedy == "if the repository is being copied, copy timestamp.json last");
        copy[missing] = bench.repository.files.at(missing).substr(0, 200);
        CHECK(bench.failure().cause.find("bytes long, but signed with") != std::string::npos);
    }
    Files copy = bench.repository.files;
    std::erase_if(copy, [](auto const& file) { return file.first.starts_with("targets/"); });
    bench.source.serve(copy);
    CHECK(bench.fetch("fix.ko").find("is not there, though") != std::string::npos);
    copy.erase(timestamp_file);
    auto const error = bench.failure();
    CHECK(error.code == Errc::not_found);
    CHECK(error.subject == "repo/metadata/timestamp.json");
    bench.source.serve(bench.repository.files);
    CHECK(bench.fetch("fix.ko") == "fix");
}

TEST_CASE("stolen online keys cannot add code, and freeze no longer than targets live") {
    TufBench bench;
    bench.repository.describes = false;
    bench.repository.signers["targets"] = {TufKey::ed25519()};
    bench.repository.add_target("evil.ko", "evil");
    bench.repository.publish(); // timestamp and snapshot well signed
    CHECK(bench.failure().subject == "repo/metadata/2.targets.json");
    TufBench frozen;
    REQUIRE(frozen.refresh() == "ok");
    for (auto const* role : {"timestamp", "snapshot"}) {
        frozen.repository.content[role]["expires"] = "2099-01-01T00:00:00Z";
        frozen.repository.version_of(role) = 2;
    }
    frozen.repository.write_snapshot();
    frozen.repository.write_timestamp();
    frozen.now = *trust::tuf::parse_time("2026-09-01T00:00:00Z");
    CHECK(frozen.failure().cause == "the targets expired at 2026-09-01T00:00:00Z");
}

TEST_CASE("a stolen targets key is worth nothing after a new root") {
    TufBench bench;
    auto const stolen = bench.repository.signers["targets"];
    REQUIRE(bench.refresh() == "ok");
    bench.repository.authorise("targets", {TufKey::ed25519()});
    bench.repository.publish_root();
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    bench.repository.signers["targets"] = stolen;
    bench.repository.add_target("evil.ko", "evil");
    bench.repository.publish();
    CHECK(bench.failure().subject == "repo/metadata/3.targets.json");
    CHECK(bench.stored("targets") == 2);
}

TEST_CASE("stored targets of a key that has gone are not used any more") {
    TufBench bench;
    bench.repository.add_target("evil.ko", "evil");
    bench.repository.publish();
    REQUIRE(bench.refresh() == "ok");
    // Root alone is new: snapshot still names the version that is stored.
    bench.repository.authorise("targets", {TufKey::ed25519()});
    bench.repository.publish_root();
    CHECK(bench.failure().subject == "repo/metadata/2.targets.json");
}

TEST_CASE("JSON that is to exhaust: nesting, numbers of values, and repetition") {
    std::vector<std::string> const bombs{
        std::string(15'000, '['),
        R"({"signatures":[],"signed":)" + std::string(10'000, '[') + std::string(10'000, ']') + '}',
        R"({"signatures":[)" + std::string(5'000, ' ') +
            R"({"keyid":"a","sig":"00"},{"keyid":"a","sig":"00"}],"signed":{}})",
        R"({"signed":1e999999,"signatures":[]})",
        R"({"signed":{"version":1,"version":2},"signatures":[]})"};
    for (auto const& bomb : bombs) {
        TufBench bench;
        bench.repository.files[timestamp_file] = bomb;
        auto const error = bench.failure();
        CHECK((error.code == Errc::verification_failed || error.code == Errc::limits_exceeded));
        CHECK(error.subject == "repo/metadata/timestamp.json");
    }
}

TEST_CASE("path traversal: roles and targets stay where they belong") {
    for (std::string const role : {"../../evil", "/etc/evil", "..", ".", "a/b", "evil\n"}) {
        TufBench bench;
        bench.repository.delegate({.to = role});
        bench.repository.add_target("file", "found", role);
        bench.repository.publish();
        CHECK(bench.fetch("file") == "found");
        std::size_t files = 0;
        for (auto const& entry :
             std::filesystem::recursive_directory_iterator(bench.directory.path()))
            files += entry.is_regular_file() ? 1U : 0U;
        CHECK(files == 6); // state.json, the four and the role
        CHECK(std::distance(std::filesystem::directory_iterator(bench.paths().metadata), {}) == 5);
    }
    for (std::string const path : {"../evil", "/etc/passwd", "a/../../b", "a//b"}) {
        TufBench bench;
        bench.repository.content["targets"]["targets"][path] =
            bench.repository.content["targets"]["targets"]["file.txt"];
        bench.repository.publish();
        CHECK(bench.fetch(path).find("no path of a file in a repository") != std::string::npos);
    }
}
