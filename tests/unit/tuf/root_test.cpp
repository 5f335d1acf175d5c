// The chain of roots, and the anchor that it begins with.
#include "support/catch.hpp"
#include "support/tuf_bench.hpp"

using namespace livepatch;
using base::Errc;
using support::TufBench;
using support::TufKey;
using support::TufRepository;

namespace {

std::vector<TufKey> three_keys() {
    return {TufKey::ed25519(), TufKey::ed25519(), TufKey::ed25519()};
}

// A root that a test signs by hand, in place of what the repository would publish.
void forge(TufBench& bench, TufRepository::Json const& root, std::vector<TufKey> const& keys) {
    auto const name = "metadata/" + std::to_string(root["version"].get<int>()) + ".root.json";
    bench.repository.files[name] = TufRepository::sign(root, keys);
}

} // namespace

TEST_CASE("roots are walked one by one, each is stored") {
    TufBench bench;
    for (int i = 0; i < 5; ++i) {
        bench.repository.authorise("root", {TufKey::ed25519()});
        bench.repository.publish_root();
    }
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored() == "6 1 1 1");
    bench.repository.files.erase("metadata/4.root.json"); // nobody needs it any more
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("a gap ends the chain") {
    TufBench bench;
    bench.repository.publish_root();
    bench.repository.publish_root();
    bench.repository.files.erase("metadata/2.root.json");
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 1);
}

TEST_CASE("a new root is signed by the keys of the old one and by its own") {
    TufBench bench;
    auto const old_keys = bench.repository.signers["root"];
    auto const new_key = TufKey::ed25519();
    bench.repository.authorise("root", {new_key});
    auto root = bench.repository.content["root"];
    root["version"] = 2;
    forge(bench, root, {new_key});
    auto error = bench.failure();
    CHECK(error.code == Errc::verification_failed);
    CHECK(error.subject == "repo/metadata/2.root.json");
    CHECK(error.cause == "signed by 0 of the 1 keys it needs of version 1 of the root");
    forge(bench, root, old_keys);
    error = bench.failure();
    CHECK(error.cause == "signed by 0 of the 1 keys it needs");
    CHECK(bench.stored() == "1 0 0 0");
    forge(bench, root, {old_keys[0], new_key});
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 2);
}

TEST_CASE("thresholds of old and new root both count") {
    TufBench bench;
    auto const keys = three_keys();
    bench.repository.authorise("root", keys, 2);
    bench.repository.publish_root();
    REQUIRE(bench.refresh() == "ok");
    auto root = bench.repository.content["root"];
    root["version"] = 3;
    root["roles"]["root"]["threshold"] = 1;
    forge(bench, root, {keys[0]});
    CHECK(bench.failure().cause == "signed by 1 of the 2 keys it needs of version 2 of the root");
    root["roles"]["root"]["threshold"] = 3;
    forge(bench, root, {keys[0], keys[1]});
    CHECK(bench.failure().cause == "signed by 2 of the 3 keys it needs");
    forge(bench, root, keys);
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("an expired root on the way does not matter, the last one does") {
    TufBench bench;
    auto& expires = bench.repository.content["root"]["expires"];
    auto const good = expires;
    expires = "2026-05-01T00:00:00Z";
    bench.repository.publish_root();
    auto const error = bench.failure();
    CHECK(error.code == Errc::expired);
    CHECK(error.subject == "repo/metadata/2.root.json");
    CHECK(error.cause == "the root expired at 2026-05-01T00:00:00Z");
    CHECK(bench.stored() == "2 0 0 0"); // stored all the same: it is what leads further
    expires = good;
    bench.repository.publish_root();
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 3);
}

TEST_CASE("there is a limit to new roots at once, and the next refresh goes on") {
    TufBench bench;
    bench.limits.new_roots = 3;
    for (int i = 0; i < 5; ++i)
        bench.repository.publish_root();
    auto const error = bench.failure();
    CHECK(error.code == Errc::limits_exceeded);
    CHECK(error.cause == "more than 3 new roots at once");
    CHECK(bench.stored("root") == 4);
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 6);
}

TEST_CASE("a source that fails where a root may be is an error, not the end of the chain") {
    TufBench bench;
    bench.source.scripts["metadata/2.root.json"] = [](auto const&, auto const&) {
        return base::Error{.code = Errc::failed, .subject = "x", .cause = "time-out", .remedy = {}};
    };
    CHECK(bench.refresh() == "x: time-out");
}

TEST_CASE("an anchor that is not signed by itself is none") {
    TufBench bench;
    auto root = bench.repository.content["root"];
    bench.anchor = TufRepository::sign(root, {TufKey::ed25519()});
    auto const error = bench.failure();
    CHECK(error.subject == "anchor.json");
    CHECK(error.cause == "signed by 0 of the 1 keys it needs");
    CHECK(error.remedy == "install the repository's root.json again");
    CHECK(bench.take_requests().empty());
    root.erase("version");
    bench.anchor = TufRepository::sign(root, bench.repository.signers["root"]);
    CHECK(bench.failure().cause == "signed.version must be a whole number from 1 on");
    bench.anchor = "";
    CHECK(bench.failure().cause == "no JSON from byte 1 on");
    CHECK(bench.take_requests().empty());
    CHECK(bench.stored("root") == 0);
}

TEST_CASE("an expired anchor leads to a root that is not") {
    TufBench bench;
    bench.repository.publish_root();
    bench.now = *trust::tuf::parse_time("2027-07-01T00:00:00Z");
    CHECK(bench.failure().code == Errc::expired);
    for (auto const* role : {"root", "timestamp", "snapshot", "targets"})
        bench.repository.content[role]["expires"] = "2027-08-01T00:00:00Z";
    bench.repository.publish_root();
    bench.repository.publish();
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("a newer anchor of the same repository is taken without the chain") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.repository.publish_root();
    bench.repository.publish_root();
    bench.anchor = bench.repository.files.at("metadata/3.root.json");
    bench.repository.files.erase("metadata/2.root.json");
    bench.repository.files.erase("metadata/3.root.json");
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored() == "3 1 1 1");
}

TEST_CASE("an anchor whose keys are all others is of the same repository if the chain says so") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    for (int i = 0; i < 3; ++i) {
        bench.repository.authorise("root", {TufKey::ed25519()});
        bench.repository.publish_root();
    }
    auto const new_anchor = bench.repository.files.at("metadata/4.root.json");
    auto const old_anchor = bench.anchor;
    bench.anchor = new_anchor;
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 4);
    bench.anchor = old_anchor; // and back: a package that was downgraded, say
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 4);
    bench.repository.files.erase("metadata/3.root.json");
    bench.anchor = new_anchor;
    CHECK(bench.refresh() == "ok"); // the very root that is stored
    bench.anchor = old_anchor;
    auto const error = bench.failure();
    CHECK(error.code == Errc::conflict);
    CHECK(error.cause.ends_with("it ends with version 2"));
}

TEST_CASE("an anchor of another repository is refused, and nothing is changed") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    TufRepository other;
    auto const check_refused = [&](std::string const& why) {
        bench.anchor = other.files.at(
            "metadata/" + std::to_string(other.version_of("root").get<int>()) + ".root.json"
        );
        auto const error = bench.failure();
        CHECK(error.code == Errc::conflict);
        CHECK(error.cause.ends_with(why));
        CHECK(error.remedy == "if the repository was set up anew, reset the trust in it");
        CHECK(bench.stored() == "1 1 1 1");
    };
    check_refused("there are two different versions 1");
    other.publish_root();
    check_refused("it ends with version 1");
    bench.source.serve(other.files);
    check_refused("signed by 0 of the 1 keys it needs of version 1 of the root; if it comes from "
                  "a mirror, try another; otherwise its publisher has to sign it again");
}

TEST_CASE("a source that does not answer says nothing about an anchor") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    bench.repository.authorise("root", {TufKey::ed25519()});
    bench.repository.publish_root();
    bench.repository.authorise("root", {TufKey::ed25519()});
    bench.repository.publish_root();
    bench.anchor = bench.repository.files.at("metadata/3.root.json");
    bench.source.scripts["metadata/2.root.json"] = [](auto const&, auto const&) {
        return base::Error{.code = Errc::failed, .subject = "x", .cause = "time-out", .remedy = {}};
    };
    CHECK(bench.refresh() == "x: time-out");
    CHECK(bench.stored() == "1 1 1 1");
    bench.source.scripts.clear();
    CHECK(bench.refresh() == "ok");
    CHECK(bench.stored("root") == 3);
}

// Each of them costs a verification of half a megabyte.
TEST_CASE("a stranger's thousand keys in a new root are not tried one by one") {
    TufBench bench;
    auto root = bench.repository.content["root"];
    root["version"] = 2;
    auto const stranger = TufKey::ed25519();
    std::vector<TufKey> names;
    names.reserve(900);
    for (int i = 0; i < 900; ++i)
        names.push_back(stranger.called("stranger " + std::to_string(i)));
    auto ids = TufRepository::Json::array();
    for (auto const& key : names) {
        root["keys"][key.id()] = key.object();
        ids.push_back(key.id());
    }
    root["roles"]["root"] = {{"keyids", ids}, {"threshold", 900}};
    forge(bench, root, names);
    REQUIRE(bench.repository.files.at("metadata/2.root.json").size() < bench.limits.root);
    auto const start = std::chrono::steady_clock::now();
    CHECK(bench.failure().cause == "signed by 0 of the 1 keys it needs of version 1 of the root");
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("an anchor that was refused once is refused again") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    auto const good = bench.anchor;
    bench.anchor = TufRepository().files.at("metadata/1.root.json");
    CHECK(bench.failure().code == Errc::conflict);
    CHECK(bench.failure().code == Errc::conflict);
    bench.anchor = good;
    CHECK(bench.refresh() == "ok");
}

TEST_CASE("after a reset of the trust, which removes the store, the new anchor counts") {
    TufBench bench;
    REQUIRE(bench.refresh() == "ok");
    TufRepository other;
    bench.anchor = other.files.at("metadata/1.root.json");
    bench.source.serve(other.files);
    REQUIRE(bench.failure().code == Errc::conflict);
    std::filesystem::remove_all(bench.directory.path() / "repos");
    CHECK(bench.refresh() == "ok");
}
