// What a file of each role has to look like.
#include "support/catch.hpp"
#include "support/tuf_repository.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/metadata.hpp"
#include "trust/tuf/root.hpp"
#include "trust/tuf/snapshot.hpp"
#include "trust/tuf/targets.hpp"
#include "trust/tuf/timestamp.hpp"

#include <string>

using namespace livepatch;
using namespace trust::tuf;
using Json = nlohmann::json;

namespace {

constexpr std::size_t limit = 1'000'000;

template <class Role>
base::Result<Role> read(Json const& content) {
    Json const file{{"signed", content}, {"signatures", Json::array()}};
    auto const envelope = read_envelope({"x.json", file.dump()}, limit);
    REQUIRE(envelope);
    return interpret<Role>(*envelope, "x.json");
}

template <class Role>
std::string refusal(Json const& content) {
    auto const role = read<Role>(content);
    REQUIRE(role.has_error());
    CHECK(role.error().code == base::Errc::verification_failed);
    CHECK(role.error().subject == "x.json");
    return role.error().cause;
}

// Of a file in which one thing, named by a JSON pointer, is another.
template <class Role>
std::string refusal_of(Json content, char const* pointer, Json const& value) {
    content[Json::json_pointer(pointer)] = value;
    return refusal<Role>(content);
}

// Of one in which it is missing.
template <class Role>
std::string refusal_without(Json content, char const* pointer) {
    Json::json_pointer const place(pointer);
    content[place.parent_pointer()].erase(place.back());
    return refusal<Role>(content);
}

template <class Role>
void check_header(Json const& content) {
    auto const refused = refusal_of<Role>;
    auto const missing = refusal_without<Role>;
    auto const type = "signed._type must be \"" + std::string(Role::type) + '"';
    CHECK(refused(content, "/_type", "mirrors") == type);
    CHECK(refused(content, "/_type", 1).starts_with("signed._type must be a text"));
    CHECK(missing(content, "/_type").starts_with("signed._type must be"));
    CHECK(
        refused(content, "/spec_version", "2.0.0") ==
        "signed.spec_version must be \"1.\" and something"
    );
    CHECK(refused(content, "/spec_version", "10.0").starts_with("signed.spec_version"));
    for (Json const& wrong : {Json(0), Json(-1), Json("1"), Json(true), Json(), Json(1ULL << 60U)})
        CHECK(
            refused(content, "/version", wrong) == "signed.version must be a whole number from 1 on"
        );
    CHECK(missing(content, "/version").starts_with("signed.version"));
    CHECK(
        refused(content, "/expires", "2026-11-26T18:00:00+00:00") ==
        "signed.expires must be a time as 2026-01-31T23:59:59Z"
    );
    CHECK(missing(content, "/expires").starts_with("signed.expires"));
}

Json with_delegation() {
    support::TufRepository repository;
    repository.delegate({.to = "team", .paths = {"*"}});
    return repository.content["targets"];
}

} // namespace

TEST_CASE("every role begins with type, format, version and expiry") {
    support::TufRepository repository;
    check_header<Root>(repository.content["root"]);
    check_header<Timestamp>(repository.content["timestamp"]);
    check_header<Snapshot>(repository.content["snapshot"]);
    check_header<Targets>(repository.content["targets"]);
}

TEST_CASE("a role is no other role") {
    support::TufRepository repository;
    CHECK(read<Targets>(repository.content["snapshot"]).has_error());
    CHECK(read<Snapshot>(repository.content["targets"]).has_error());
    CHECK(read<Root>(repository.content["timestamp"]).has_error());
}

TEST_CASE("what is not known is ignored") {
    support::TufRepository repository;
    for (auto& [role, content] : repository.content)
        content["x"] = {{"y", Json::array({1, "z", nullptr})}};
    repository.content["root"]["roles"]["mirrors"] = "anything";
    repository.content["root"]["keys"]["new"] = {
        {"keytype", "new"}, {"scheme", "new"}, {"keyval", {{"a", 1}, {"b", 2}}}};
    CHECK(read<Root>(repository.content["root"]));
    CHECK(read<Timestamp>(repository.content["timestamp"]));
    CHECK(read<Snapshot>(repository.content["snapshot"]));
    CHECK(read<Targets>(repository.content["targets"]));
}

TEST_CASE("root names keys and threshold of four roles") {
    auto const root = support::TufRepository().content["root"];
    auto const refused = refusal_of<Root>;
    auto const missing = refusal_without<Root>;
    REQUIRE(read<Root>(root));
    CHECK(read<Root>(root)->consistent_snapshot);
    for (std::string const role : {"root", "timestamp", "snapshot", "targets"}) {
        auto const place = "/roles/" + role;
        CHECK(missing(root, place.c_str()) == "signed.roles." + role + " must be an object");
        auto const threshold = place + "/threshold";
        for (Json const& wrong : {Json(0), Json(-1), Json("1"), Json()})
            CHECK(
                refused(root, threshold.c_str(), wrong) ==
                "signed.roles." + role + ".threshold must be a whole number from 1 on"
            );
        auto const ids = place + "/keyids";
        CHECK(
            refused(root, ids.c_str(), Json::array({"a", "a"})) ==
            "signed.roles." + role + ".keyids must be a list in which nothing is twice"
        );
        CHECK(refused(root, ids.c_str(), "a").ends_with("must be a list of texts"));
        CHECK(
            refused(root, ids.c_str(), Json::array({1})).find("list of texts") != std::string::npos
        );
    }
    CHECK(refused(root, "/keys", Json::array()) == "signed.keys must be an object");
    CHECK(refused(root, "/keys/a", "text") == "signed.keys.a must be an object");
    CHECK(refused(root, "/keys/a", Json::object()).starts_with("signed.keys.a.keytype"));
    CHECK(
        refused(root, "/consistent_snapshot", "yes") ==
        "signed.consistent_snapshot must be true or false"
    );
}

TEST_CASE("timestamp names the snapshot") {
    auto const timestamp = support::TufRepository().content["timestamp"];
    auto const refused = refusal_of<Timestamp>;
    auto const missing = refusal_without<Timestamp>;
    auto const read_one = read<Timestamp>(timestamp);
    REQUIRE(read_one);
    CHECK(read_one->snapshot.version == 1);
    CHECK(read_one->snapshot.content.length.has_value());
    CHECK(read_one->snapshot.content.hashes.sha256.size() == 64);
    CHECK(missing(timestamp, "/meta") == "signed.meta must be an object");
    CHECK(
        missing(timestamp, "/meta/snapshot.json") == "signed.meta.snapshot.json must be an object"
    );
    CHECK(refused(timestamp, "/meta/snapshot.json/version", 0).ends_with("from 1 on"));
    CHECK(refused(timestamp, "/meta/snapshot.json/length", 0).ends_with("from 1 on"));
    CHECK(refused(timestamp, "/meta/snapshot.json/length", "1").ends_with("from 1 on"));
    CHECK(refused(timestamp, "/meta/snapshot.json/hashes", Json::object())
              .ends_with("sha256 must be there"));
    CHECK(refused(
              timestamp, "/meta/snapshot.json/hashes", Json{{"md5", "00"}}
    ).ends_with("sha256 must be there"));
    CHECK(refused(timestamp, "/meta/snapshot.json/hashes/sha256", "ab")
              .ends_with("64 digits of lower-case hex"));
    CHECK(refused(timestamp, "/meta/snapshot.json/hashes/sha256", std::string(64, 'A'))
              .ends_with("64 digits of lower-case hex"));
}

TEST_CASE("snapshot names targets") {
    auto const snapshot = support::TufRepository().content["snapshot"];
    auto const refused = refusal_of<Snapshot>;
    auto const missing = refusal_without<Snapshot>;
    REQUIRE(read<Snapshot>(snapshot));
    CHECK(read<Snapshot>(snapshot)->find("targets")->version == 1);
    CHECK(read<Snapshot>(snapshot)->find("target") == nullptr);
    CHECK(missing(snapshot, "/meta/targets.json") == "signed.meta.targets.json must be there");
    CHECK(refused(snapshot, "/meta/other.json", 1) == "signed.meta.other.json must be an object");
}

TEST_CASE("targets have length and hash") {
    auto const targets = support::TufRepository().content["targets"];
    auto const refused = refusal_of<Targets>;
    auto const missing = refusal_without<Targets>;
    auto const read_one = read<Targets>(targets);
    REQUIRE(read_one);
    CHECK(read_one->targets.at("file.txt").length == 7);
    CHECK(missing(targets, "/targets") == "signed.targets must be an object");
    CHECK(missing(targets, "/targets/file.txt/length").ends_with("from 0 on"));
    CHECK(refused(targets, "/targets/file.txt/length", -1).ends_with("from 0 on"));
    CHECK(missing(targets, "/targets/file.txt/hashes").ends_with("hashes must be an object"));
    CHECK(missing(targets, "/targets/file.txt/hashes/sha256").ends_with("sha256 must be there"));
}

TEST_CASE("a delegation has a name, keys and paths or prefixes") {
    auto const targets = with_delegation();
    auto const refused = refusal_of<Targets>;
    auto const missing = refusal_without<Targets>;
    auto const read_one = read<Targets>(targets);
    REQUIRE(read_one);
    REQUIRE(read_one->delegations.size() == 1);
    CHECK(read_one->delegations[0].role == "team");
    CHECK(
        refused(targets, "/delegations/roles", Json::object()) ==
        "signed.delegations.roles must be a list of objects"
    );
    CHECK(missing(targets, "/delegations/keys") == "signed.delegations.keys must be an object");
    for (std::string const name : {"", "root", "timestamp", "snapshot", "targets"})
        CHECK(
            refused(targets, "/delegations/roles/0/name", name) ==
            "signed.delegations.roles[0].name must be a name that no other kind of metadata has"
        );
    CHECK(refused(targets, "/delegations/roles/0/name", std::string(81, 'a')).ends_with("80 bytes")
    );
    CHECK(refused(targets, "/delegations/roles/0/threshold", 0).ends_with("from 1 on"));
    CHECK(missing(targets, "/delegations/roles/0/paths").ends_with("and not both"));
    CHECK(refused(targets, "/delegations/roles/0/path_hash_prefixes", Json::array())
              .ends_with("and not both"));
    CHECK(refused(targets, "/delegations/roles/0/terminating", 1).ends_with("true or false"));
    CHECK(
        refused(targets, "/delegations/roles/1", targets["delegations"]["roles"][0]) ==
        "signed.delegations.roles[1].name must be another one than those before it"
    );
}

TEST_CASE("a delegation covers paths by pattern, or by the hash of the path") {
    Delegation by_path;
    by_path.paths = {"a/*", "b"};
    CHECK(by_path.covers("a/x"));
    CHECK(by_path.covers("b"));
    CHECK_FALSE(by_path.covers("c"));
    CHECK_FALSE(Delegation().covers("c"));
    Delegation by_hash;
    by_hash.path_hash_prefixes = {"0", "b94d"}; // sha256("hello world") is b94d27b9...
    CHECK(by_hash.covers("hello world"));
    CHECK_FALSE(by_hash.covers("hello worlds"));
}

TEST_CASE("an envelope has content and signatures, one a key id") {
    auto const refused = [](std::string const& text) {
        auto const envelope = read_envelope({"x.json", text}, limit);
        REQUIRE(envelope.has_error());
        CHECK(envelope.error().code == base::Errc::verification_failed);
        CHECK(envelope.error().subject == "x.json");
        return envelope.error().cause;
    };
    CHECK(refused("") == "no JSON from byte 1 on");
    CHECK(refused("[]") == "the file must be an object");
    CHECK(refused("{}") == "the file.signatures must be a list of objects");
    CHECK(refused(R"({"signatures":[]})") == "the file.signed must be there");
    CHECK(
        refused(R"({"signed":{},"signatures":[7]})") == "the file.signatures[0] must be an object"
    );
    CHECK(refused(R"({"signed":{},"signatures":[{"keyid":"a"}]})")
              .starts_with("the file.signatures[0].sig"));
    CHECK(
        refused(R"({"signed":{},"signatures":[{"keyid":"a","sig":""},{"keyid":"a","sig":"00"}]})"
        ) == "the file.signatures must be a list with one signature a key id"
    );
    CHECK(
        refused(R"({"signed":{"a":1,"a":2},"signatures":[]})") ==
        "the key \"a\" twice in one object"
    );
    CHECK(
        refused(R"({"signed":1.5,"signatures":[]})").starts_with("a number that is no whole number")
    );
    CHECK(refused("\xef\xbb\xbf{}") == "begins with a byte order mark");
    CHECK(refused(std::string(limit + 1, ' ')) == "longer than 1000000 bytes");
    CHECK(
        refused(R"({"signatures":[],"signed":)" + std::string(100'000, '[')) ==
        "nested deeper than 32"
    );
    std::string many = R"({"signatures":[],"signed":[)";
    for (int i = 0; i < 300'000; ++i)
        many += "0,";
    CHECK(refused(many + "0]}") == "more than 262144 values");
}

TEST_CASE("what is signed is canonical JSON, however the file is written") {
    auto const envelope = read_envelope(
        {"x.json",
         "{ \"signatures\" : [ {\"sig\":\"0g\", \"keyid\":\"b\", \"x\":1} ],\n \"signed\": "
         "{\"b\":\"\\u0041\", \"a\":1} }"},
        limit
    );
    REQUIRE(envelope);
    CHECK(envelope->signed_bytes == R"({"a":1,"b":"A"})");
    REQUIRE(envelope->signatures.size() == 1);
    CHECK(envelope->signatures[0].key_id == "b");
    CHECK(envelope->signatures[0].bytes.empty());
}

TEST_CASE("ten thousand targets are read") {
    support::TufRepository repository;
    auto& targets = repository.content["targets"]["targets"];
    auto const one = targets["file.txt"];
    for (int i = 0; i < 10'000; ++i)
        targets["modules/x86_64/6.1.0-56-amd64/livepatch-" + std::to_string(i) + ".ko"] = one;
    repository.publish();
    auto const& bytes = repository.files.at("metadata/2.targets.json");
    trust::tuf::Limits const limits;
    REQUIRE(bytes.size() < limits.targets);
    auto const envelope = read_envelope({"x.json", bytes}, limits.targets);
    REQUIRE(envelope);
    CHECK(interpret<Targets>(*envelope, "x.json")->targets.size() == 10'001);
}
