// publish, refresh, rollout, pause, withdraw, brake, lint: a repository over time.
#include "publish/tree.hpp"
#include "publisher.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using support::Publisher;

TEST_CASE("nothing is published by add alone") {
    Publisher publisher;
    publisher.publish_one();
    publisher.add("LP-2");
    publisher.must("verify", {"--json"});
    CHECK(publisher.json()["patches"].size() == 1);
    publisher.must("refresh");
    publisher.must("verify", {"--json"});
    CHECK(publisher.json()["patches"].size() == 1);
    publisher.must("publish");
    publisher.must("verify", {"--json"});
    CHECK(publisher.json()["patches"].size() == 2);
}

TEST_CASE("publish with nothing new makes a new timestamp alone") {
    Publisher publisher;
    publisher.publish_one();
    publisher.must("publish", {"--json"});
    CHECK(publisher.json()["changed"] == nlohmann::json::array({"timestamp"}));
    CHECK(publisher.json()["roles"]["timestamp"]["version"] == 2);
}

TEST_CASE("refresh keeps a repository alive with the online key alone") {
    Publisher publisher;
    publisher.publish_one();
    for (auto const* key : {"root1.pem", "root2.pem", "root3.pem", "targets.pem"})
        std::filesystem::remove(publisher.keys(key));
    for (int hour = 0; hour < 80 * 24; hour += 20) {
        publisher.now += 20h;
        publisher.must("refresh");
    }
    publisher.must("verify");
    publisher.now += 25h;
    CHECK(publisher.call({"verify", publisher.repo().string()}) == 6); // the timestamp is too old
    publisher.must("refresh");
    publisher.must("verify");
}

TEST_CASE("the steps of a rollout are counted from the publication") {
    Publisher publisher;
    publisher.must("init", {"--no-passphrase"});
    publisher.add("LP-1", {}, {"--rollout", "default=0h:1,6h:100", "--rollout", "canary=0h:100"});
    publisher.now += 72h; // it lies about for three days
    publisher.must("publish");
    auto const rollout = publisher.catalogue("1.targets.json")["patches"][0]["rollout"];
    CHECK(rollout["paused"] == false);
    CHECK(rollout["rings"]["default"][0]["at"] == "2026-06-04T00:00:00Z");
    CHECK(rollout["rings"]["default"][1]["at"] == "2026-06-04T06:00:00Z");
    CHECK(rollout["rings"]["default"][1]["percent"] == 100);
    CHECK(rollout["rings"]["canary"].size() == 1);
    publisher.now += 1h;
    publisher.must("rollout", {"LP-1", "default=0h:5,48h:100"});
    publisher.must("publish");
    auto const next = publisher.catalogue("2.targets.json")["patches"][0];
    CHECK(next["rollout"]["rings"]["default"][0]["at"] == "2026-06-04T01:00:00Z");
    CHECK_FALSE(next["rollout"]["rings"].contains("canary"));
    CHECK(next["published"] == "2026-06-04T00:00:00Z");
    CHECK(next["modified"] == "2026-06-04T01:00:00Z");
}

TEST_CASE("pause, and go on") {
    Publisher publisher;
    publisher.publish_one();
    publisher.must("pause", {"LP-1"});
    publisher.must("publish");
    CHECK(publisher.catalogue("2.targets.json")["patches"][0]["rollout"]["paused"] == true);
    publisher.must("pause", {"LP-1", "--undo"});
    publisher.must("publish");
    CHECK(publisher.catalogue("3.targets.json")["patches"][0]["rollout"]["paused"] == false);
}

TEST_CASE("a patch is taken back, with the reason and what hosts are to do") {
    Publisher publisher;
    publisher.publish_one();
    publisher.now += 1h;
    publisher.must("withdraw", {"LP-1", "--reason", "crashes", "--action", "revert"});
    publisher.must("publish");
    auto const withdrawn = publisher.catalogue("2.targets.json")["patches"][0]["withdrawn"];
    CHECK(withdrawn["reason"] == "crashes");
    CHECK(withdrawn["action"] == "revert");
    CHECK(withdrawn["time"] == "2026-06-01T01:00:00Z");
    CHECK(
        publisher.call({"withdraw", publisher.repo().string(), "LP-1", "--action", "explode"}) == 2
    );
}

TEST_CASE("the brake stops a patch with the online key alone, and can be let go") {
    Publisher publisher;
    publisher.publish_one();
    std::filesystem::remove(publisher.keys("targets.pem"));
    auto const digest =
        publisher.catalogue("1.targets.json")["patches"][0]["module"]["hashes"]["sha256"];
    publisher.must("brake", {"LP-1", "--reason", "crashes"});
    auto const list = nlohmann::json::parse(publisher.target("2.brake.json", "brake.json"));
    CHECK(list["schema"] == "livepatchd.brake/1");
    REQUIRE(list["modules"].size() == 1);
    CHECK(list["modules"][0]["sha256"] == digest);
    CHECK(list["modules"][0]["id"] == "LP-1");
    CHECK(list["modules"][0]["reason"] == "crashes");
    CHECK_FALSE(std::filesystem::exists(publisher.repo() / "metadata/2.targets.json"));
    publisher.must("verify");
    publisher.must("brake", {"LP-1", "--undo"});
    CHECK(nlohmann::json::parse(publisher.target("3.brake.json", "brake.json"))["modules"].empty());
    publisher.must("verify");
}

TEST_CASE("the online key may speak for the brake's list and for nothing else") {
    Publisher publisher;
    publisher.publish_one();
    auto const delegations = publisher.metadata("1.targets.json")["delegations"];
    REQUIRE(delegations["roles"].size() == 1);
    CHECK(delegations["roles"][0]["name"] == "brake");
    CHECK(delegations["roles"][0]["paths"] == nlohmann::json::array({"brake.json"}));
    CHECK(
        delegations["roles"][0]["keyids"] ==
        publisher.metadata("1.root.json")["roles"]["timestamp"]["keyids"]
    );
}

TEST_CASE(
    "what the publisher stopped with the brake is what hosts have, not what he is about to publish"
) {
    Publisher publisher;
    publisher.publish_one();
    auto const digest =
        publisher.catalogue("1.targets.json")["patches"][0]["module"]["hashes"]["sha256"];
    publisher.add("LP-1", {.name = "LP_1", .version = "2"}, {"--replace"});
    publisher.must("brake", {"LP-1"});
    auto const list = nlohmann::json::parse(publisher.target("2.brake.json", "brake.json"));
    REQUIRE(list["modules"].size() == 1);
    CHECK(list["modules"][0]["sha256"] == digest);
}

TEST_CASE("a patch that is not there is exit 3, with the name that was meant") {
    Publisher publisher;
    publisher.publish_one();
    for (auto const* verb : {"pause", "withdraw", "brake"}) {
        CHECK(publisher.call({verb, publisher.repo().string(), "LP-11"}) == 3);
        CHECK(publisher.err.str().find("no such patch") != std::string::npos);
    }
    CHECK(publisher.call({"pause", publisher.repo().string(), "LP-11"}) == 3);
    CHECK(publisher.err.str().find("did you mean 'LP-1'?") != std::string::npos);
    CHECK(publisher.call({"publish", (publisher.repo() / "none").string()}) == 3);
    CHECK(publisher.err.str().find("lprepo init") != std::string::npos);
}

TEST_CASE("patches of several kernels stand in catalogues of their own") {
    Publisher publisher;
    publisher.must("init", {"--no-passphrase"});
    publisher.add("LP-1", {.name = "one"});
    publisher.add("LP-1", {.name = "two", .release = "6.1.0-57-amd64"});
    publisher.must("publish");
    publisher.must("verify", {"--json"});
    CHECK(publisher.json()["kernels"] == 2);
    publisher.must("pause", {"LP-1", "--release", "6.1.0-57-amd64"});
    publisher.must("publish");
    CHECK_FALSE(publisher.catalogue("2.targets.json")["patches"][0].contains("rollout"));
}

TEST_CASE("root.json that is about to expire is told in time") {
    Publisher publisher;
    publisher.publish_one();
    publisher.now += 80 * 24h;
    publisher.must("publish");
    CHECK(publisher.err.str().empty());
    for (int days = 0; days < 230; days += 40) {
        publisher.now += 40 * 24h;
        publisher.must("publish");
    }
    CHECK(publisher.err.str().find("lprepo rotate") != std::string::npos);
    publisher.must("rotate");
    publisher.must("publish");
    CHECK(publisher.err.str().empty());
    CHECK(
        publisher.metadata("2.root.json")["expires"] > publisher.metadata("1.root.json")["expires"]
    );
    publisher.must("verify");
}

TEST_CASE("lint finds what hosts would refuse, and what is worth a thought") {
    Publisher publisher;
    publisher.must("init", {"--no-passphrase"});
    publisher.must("lint");
    CHECK(publisher.out.str() == "0 patches, 0 errors, 0 warnings\n");
    publisher.add("LP-1", {}, {"--requires", "LP-0", "--rollout", "default=0h:50"});
    CHECK(publisher.call({"lint", publisher.repo().string(), "--json"}) == 6);
    auto const found = publisher.json();
    CHECK(found["patches"] == 1);
    REQUIRE(found["errors"].size() == 1);
    CHECK(found["errors"][0]["subject"] == "6.1.0-56-amd64 LP-1");
    CHECK(found["errors"][0]["message"] == "requires LP-0, which this kernel has not");
    CHECK(found["warnings"].size() == 2); // half of the hosts, and every build
}

TEST_CASE("two at work on one repository do not mix") {
    Publisher publisher;
    publisher.publish_one();
    auto const held = publish::Tree::open(publisher.repo());
    REQUIRE(held);
    CHECK(publisher.call({"publish", publisher.repo().string()}) == 1);
    CHECK(publisher.err.str().find("another lprepo is at work on it") != std::string::npos);
}

TEST_CASE("a catalogue that hosts could not read is not published") {
    Publisher publisher;
    publisher.publish_one();
    auto const module = (publisher.directory.path() / "LP_1.ko").string();
    publisher.must("add", {module, "--id", "LP-2", "--severity", "low"}); // the same module again
    CHECK(publisher.call({"lint", publisher.repo().string()}) == 6);
    CHECK(publisher.call({"publish", publisher.repo().string()}) == 6);
    CHECK(
        publisher.err.str().find("must be another one than those before it") != std::string::npos
    );
    publisher.must("verify", {"--json"});
    CHECK(publisher.json()["patches"].size() == 1);
}
