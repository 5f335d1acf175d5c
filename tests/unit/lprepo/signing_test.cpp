// Keys that never come on line, and keys that are exchanged.
#include "publisher.hpp"

using namespace livepatch;
using support::Publisher;
using Words = Publisher::Words;

namespace {

// A publisher whose keys were made elsewhere, each in a directory of its own.
struct Office : Publisher {
    Office() {
        std::filesystem::create_directory(directory.path() / "far");
        for (auto const* name : {"r1", "r2", "r3", "targets", "online", "new"})
            REQUIRE(call({"keygen", far(name), "--no-passphrase"}) == 0);
    }

    std::string far(std::string const& name) const {
        return (directory.path() / "far" / name).string();
    }

    Words pub(char const* option, std::string const& name) const {
        return {option, far(name) + ".pub"};
    }

    void found() {
        Words words{"--root-threshold", "2"};
        for (auto const& [option, name] :
             {std::pair("--root", "r1"),
              std::pair("--root", "r2"),
              std::pair("--root", "r3"),
              std::pair("--targets", "targets"),
              std::pair("--online", "online")}) {
            words.push_back(option);
            words.push_back(far(name) + ".pub");
        }
        must("init", words);
    }

    void sign(std::string const& role, std::string const& key) {
        must("sign", {role, "--key", far(key) + ".pem"});
    }

    // With openssl, which knows nothing of this program.
    void sign_far_away(std::string const& role, std::string const& key) {
        must("payload", {role});
        auto const bytes = directory.write("payload.bin", out.str()).string();
        auto const signature = (directory.path() / "payload.sig").string();
        auto const command = "openssl pkeyutl -sign -rawin -inkey '" + far(key) + ".pem' -in '" +
                             bytes + "' -out '" + signature + "'";
        REQUIRE(std::system(command.c_str()) == 0);
        must("attach", {role, "--key", far(key) + ".pub", "--sig", signature});
    }
};

} // namespace

TEST_CASE("a repository is made of keys that never come here, with openssl alone") {
    Office office;
    office.found();
    CHECK(office.out.str().find("root.json waits for 2 signatures") != std::string::npos);
    CHECK(office.call({"publish", office.repo().string()}) == 4);
    CHECK(office.err.str().find("lprepo payload") != std::string::npos);
    office.sign_far_away("root", "r1");
    CHECK(office.out.str().find("1 signature of 2; it waits for more") != std::string::npos);
    office.sign_far_away("root", "r3");
    office.add("LP-1");
    for (auto const* role : {"targets", "brake", "snapshot", "timestamp"})
        office.sign_far_away(role, std::string_view(role) == "targets" ? "targets" : "online");
    office.must("publish");
    office.must("verify");
    CHECK_FALSE(std::filesystem::exists(office.directory.path() / "repo.keys"));
}

TEST_CASE("what waits for signatures is the same until it has them") {
    Office office;
    office.found();
    office.sign("root", "r1");
    office.sign("root", "r2");
    office.add("LP-1");
    office.must("payload", {"targets"});
    auto const first = office.out.str();
    office.now += std::chrono::hours(5);
    office.must("payload", {"targets"});
    CHECK(office.out.str() == first);
    office.add("LP-2"); // now there is something else to be signed
    office.must("payload", {"targets"});
    CHECK(office.out.str() != first);
}

TEST_CASE("a signature of something else, or by somebody else, is refused") {
    Office office;
    office.found();
    auto const bad = office.directory.write("bad.sig", std::string(64, 'x')).string();
    auto const repo = office.repo().string();
    CHECK(
        office.call({"attach", repo, "root", "--key", office.far("r1") + ".pub", "--sig", bad}) == 6
    );
    CHECK(
        office.call({"attach", repo, "root", "--key", office.far("new") + ".pub", "--sig", bad}) ==
        5
    );
    CHECK(office.call({"sign", repo, "roof", "--key", office.far("r1") + ".pem"}) == 2);
    CHECK(office.call({"sign", repo, "snapshot", "--key", office.far("online") + ".pem"}) == 4);
}

TEST_CASE("one root key signs once, however often it is asked") {
    Office office;
    office.found();
    office.sign("root", "r1");
    office.sign("root", "r1");
    CHECK(office.out.str().find("1 signature of 2") != std::string::npos);
}

TEST_CASE("signatures that are missing are told to programs, too") {
    Office office;
    office.found();
    CHECK(office.call({"publish", office.repo().string(), "--json"}) == 4);
    auto const error = office.json()["error"];
    CHECK(error["name"] == "SignaturesMissing");
    CHECK(error["details"]["role"] == "root");
    CHECK(error["details"]["signatures"] == 0);
    CHECK(error["details"]["threshold"] == 2);
    CHECK(error["details"]["keys"].size() == 3);
}

TEST_CASE("the keys of each role are exchanged, and hosts follow from the first root") {
    Publisher publisher;
    publisher.publish_one();
    auto const anchor = (publisher.repo() / "metadata/1.root.json").string();
    int version = 1;
    for (auto const* role : {"online", "targets", "root"}) {
        INFO(role);
        auto const before = publisher.metadata(std::to_string(version) + ".root.json");
        publisher.must("rotate", {role, "--no-passphrase"});
        publisher.must("publish");
        auto const after = publisher.metadata(std::to_string(++version) + ".root.json");
        auto const name = std::string(role) == "online" ? "timestamp" : role;
        CHECK(before["roles"][name]["keyids"] != after["roles"][name]["keyids"]);
        CHECK(before["roles"][name]["threshold"] == after["roles"][name]["threshold"]);
        CHECK(after["keys"].size() == 5);
        publisher.must("verify", {"--root", anchor});
        publisher.add("LP-" + std::to_string(version));
        publisher.must("publish");
        publisher.must("brake", {"LP-1"});
        publisher.must("verify", {"--root", anchor});
    }
}

TEST_CASE("a new root needs the old keys, too") {
    Publisher publisher;
    publisher.publish_one();
    std::filesystem::create_directory(publisher.directory.path() / "away");
    for (auto const* key : {"root1.pem", "root2.pem"})
        std::filesystem::rename(publisher.keys(key), publisher.directory.path() / "away" / key);
    CHECK(publisher.call({"rotate", publisher.repo().string(), "root", "--no-passphrase"}) == 4);
    CHECK(publisher.call({"publish", publisher.repo().string()}) == 4);
    publisher.must("refresh"); // which goes on meanwhile, by the root that is published
    auto const key = (publisher.directory.path() / "away/root1.pem").string();
    publisher.must("sign", {"root", "--key", key});
    publisher.must("publish");
    CHECK(publisher.metadata("2.root.json")["version"] == 2);
    publisher.must("verify");
}

TEST_CASE("a key is exchanged for one that was made elsewhere") {
    Publisher publisher;
    publisher.publish_one();
    auto const file = (publisher.directory.path() / "hsm").string();
    REQUIRE(publisher.call({"keygen", file, "--kind", "rsa", "--no-passphrase"}) == 0);
    publisher.must("rotate", {"targets", "--to", file + ".pub"});
    CHECK(publisher.call({"publish", publisher.repo().string()}) == 4); // its private half is there
    publisher.must("publish", {"--key", file + ".pem"});
    publisher.must("verify");
}
