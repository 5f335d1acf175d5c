#include "support/catch.hpp"
#include "support/tuf_bench.hpp"

#include <algorithm>

using namespace livepatch;
using base::Errc;
using support::TufBench;
using support::TufKey;
using Strings = std::vector<std::string>;

namespace {

// The delegated roles that a search asks for, in their order.
Strings roles_asked(TufBench& bench, std::string const& path) {
    bench.take_requests();
    CHECK(bench.fetch(path) == path + ": the repository has no such target");
    Strings roles;
    for (auto const& request : bench.take_requests()) {
        auto const name = request.substr(request.find('/') + 1);
        auto const first = name.find('.');
        auto const role = name.substr(first + 1, name.rfind('.') - first - 1);
        if (role.size() == 1)
            roles.push_back(role);
    }
    return roles;
}

} // namespace

TEST_CASE("delegations are searched depth first") {
    TufBench bench;
    bench.repository.delegate({.to = "A"});
    bench.repository.delegate({.to = "B"});
    bench.repository.delegate({.from = "A", .to = "C"});
    bench.repository.delegate({.from = "A", .to = "D"});
    bench.repository.delegate({.from = "C", .to = "E"});
    bench.repository.publish();
    CHECK(roles_asked(bench, "file") == Strings{"A", "C", "E", "D", "B"});
    CHECK(roles_asked(bench, "file").empty()); // all of them are stored now
}

TEST_CASE("only those are asked who may speak, on all of the way") {
    TufBench bench;
    bench.repository.delegate({.to = "A", .paths = {"*.doc"}});
    bench.repository.delegate({.to = "B", .paths = {"releases/*/*"}});
    bench.repository.delegate({.from = "B", .to = "C", .paths = {"releases/x/*", "other"}});
    bench.repository.delegate({.from = "B", .to = "D", .paths = {"releases/y/*.zip"}});
    bench.repository.add_target("releases/z/file.zip", "of D", "D");
    bench.repository.add_target("releases/y/file.zip", "of D", "D");
    bench.repository.add_target("other", "of C", "C");
    bench.repository.publish();
    CHECK(bench.fetch("releases/y/file.zip") == "of D");
    CHECK(roles_asked(bench, "releases/z/file.zip").empty()); // B is stored
    CHECK(roles_asked(bench, "other").empty());
    CHECK(roles_asked(bench, "releases/x/file") == Strings{"C"});
    CHECK(roles_asked(bench, "a.doc") == Strings{"A"});
}

TEST_CASE("terminating: who is listed behind is not asked, who is below is") {
    TufBench bench;
    bench.repository.delegate({.to = "A"});
    bench.repository.delegate({.to = "B"});
    bench.repository.delegate({.from = "A", .to = "C", .terminating = true});
    bench.repository.delegate({.from = "A", .to = "D"});
    bench.repository.delegate({.from = "C", .to = "E"});
    bench.repository.publish();
    CHECK(roles_asked(bench, "file") == Strings{"A", "C", "E"});
}

TEST_CASE("terminating for one path leaves the others alone") {
    TufBench bench;
    bench.repository.delegate({.to = "A", .paths = {"a/*"}, .terminating = true});
    bench.repository.delegate({.to = "B"});
    bench.repository.publish();
    CHECK(roles_asked(bench, "a/file") == Strings{"A"});
    CHECK(roles_asked(bench, "file") == Strings{"B"});
}

TEST_CASE("who delegates speaks before those it delegates to") {
    TufBench bench;
    bench.repository.delegate({.to = "A"});
    bench.repository.add_target("file.txt", "of A", "A");
    bench.repository.publish();
    CHECK(bench.fetch("file.txt") == "content");
}

TEST_CASE("a role is asked once, though two delegate to it") {
    TufBench bench;
    bench.repository.delegate({.to = "A"});
    bench.repository.delegate({.to = "B"});
    bench.repository.delegate({.from = "A", .to = "C"});
    bench.repository.delegate({.from = "B", .to = "C"});
    bench.repository.publish();
    CHECK(roles_asked(bench, "file") == Strings{"A", "C", "B"});
}

TEST_CASE("a role must satisfy the one over whom it was reached") {
    TufBench bench;
    bench.repository.delegate({.to = "A", .paths = {"a/*"}});
    bench.repository.delegate({.to = "B", .paths = {"b/*"}});
    bench.repository.delegate({.from = "A", .to = "C", .paths = {"*/*"}});
    bench.repository.delegate({.from = "B", .to = "C", .paths = {"*/*"}});
    // B trusts another key for it.
    auto const other = TufKey::ed25519();
    auto& delegations = bench.repository.content["B"]["delegations"];
    delegations["keys"][other.id()] = other.object();
    delegations["roles"][0]["keyids"] = {other.id()};
    bench.repository.add_target("a/file", "for A", "C");
    bench.repository.add_target("b/file", "for B", "C");
    bench.repository.publish();
    auto client = bench.refreshed();
    REQUIRE(client);
    CHECK(client->find("a/file"));
    auto const refused = client->find("b/file"); // C is stored, and known to this client
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == Errc::verification_failed);
    CHECK(refused.error().subject == "repo/metadata/1.C.json");
    CHECK(client->find("a/file"));
}

TEST_CASE("there is a limit to how many roles are asked") {
    TufBench bench;
    bench.limits.visited_roles = 3;
    for (auto const* role : {"A", "B", "C"})
        bench.repository.delegate({.to = role});
    bench.repository.publish();
    CHECK(roles_asked(bench, "file") == Strings{"A", "B", "C"});
    bench.repository.delegate({.to = "D"});
    bench.repository.publish();
    CHECK(
        bench.fetch("file") ==
        "file: more than 3 roles to be asked for it; its publisher has to delegate less"
    );
}

TEST_CASE("a role that snapshot does not list is an error") {
    TufBench bench;
    bench.repository.delegate({.to = "A"});
    bench.repository.content.erase("A");
    bench.repository.publish();
    CHECK(bench.refresh() == "ok");
    CHECK(bench.fetch("file").find("the snapshot does not list this role") != std::string::npos);
    CHECK(bench.fetch("file.txt") == "content");
}

TEST_CASE("delegation by the hash of the path") {
    TufBench bench;
    bench.repository.delegate({.to = "A"});
    auto& role = bench.repository.content["targets"]["delegations"]["roles"][0];
    role.erase("paths");
    role["path_hash_prefixes"] = {"b9"}; // sha256("file") is 3b9c..., that of "hello world" b94d...
    bench.repository.add_target("hello world", "found", "A");
    bench.repository.add_target("file", "not to be found", "A");
    bench.repository.publish();
    CHECK(bench.fetch("hello world") == "found");
    CHECK(roles_asked(bench, "file").empty());
}
