// init, keygen: a repository and its keys.
#include "publisher.hpp"

using namespace livepatch;
using support::mode_of;
using support::Publisher;

TEST_CASE("three commands make a repository that hosts can read") {
    Publisher publisher;
    publisher.must("init", {"--no-passphrase"});
    publisher.add("LP-2026-0007");
    publisher.must("publish");
    publisher.must("verify");
    CHECK(publisher.out.str().find("1 patch for 1 kernel") != std::string::npos);
}

TEST_CASE("init says in words what was made, what to keep off line and what is next") {
    Publisher publisher;
    publisher.must("init", {"--no-passphrase"});
    auto const said = publisher.out.str();
    for (auto const* words :
         {"Keep off line: move root1.pem, root2.pem and root3.pem",
          "NOT encrypted",
          "metadata/1.root.json",
          "Next:\n  lprepo add "})
        CHECK(said.find(words) != std::string::npos);
}

TEST_CASE("private keys are for their owner alone, and encrypted unless told otherwise") {
    Publisher publisher;
    publisher.must("init");
    CHECK(publisher.asked.size() >= 2); // twice for the new ones
    CHECK(mode_of(publisher.directory.path() / "repo.keys") == 0700);
    for (auto const* name : {"root1.pem", "root2.pem", "root3.pem", "targets.pem", "online.pem"}) {
        CHECK(mode_of(publisher.keys(name)) == 0600);
        auto const pem = base::read_file(publisher.keys(name)).value();
        CHECK(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    }
    publisher.add("LP-1");
    publisher.typed = "wrong";
    CHECK(publisher.call({"publish", publisher.repo().string()}) == 5);
    CHECK(
        publisher.err.str().find("the passphrase is not the one of this key") != std::string::npos
    );
    publisher.typed = "secret";
    publisher.must("publish");
}

TEST_CASE("an encrypted key is PKCS#8 with scrypt, which openssl reads") {
    Publisher publisher;
    auto const file = (publisher.directory.path() / "mine").string();
    REQUIRE(publisher.call({"keygen", file, "--kind", "ecdsa"}) == 0);
    auto const command = "openssl pkey -in '" + file + ".pem' -passin pass:secret -pubout -out '" +
                         file + ".again' && cmp '" + file + ".again' '" + file +
                         ".pub' && openssl asn1parse -in '" + file + ".pem' | grep -q :scrypt";
    CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("without a terminal and without a passphrase nothing is made") {
    Publisher publisher;
    publisher.context.ask_secret = [](std::string const&) -> base::Result<std::string> {
        return base::Error{
            .code = base::Errc::not_authorized,
            .subject = "passphrase",
            .cause = "there is no terminal",
            .remedy = {}};
    };
    CHECK(publisher.call({"init", publisher.repo().string()}) == 5);
    CHECK_FALSE(std::filesystem::exists(publisher.keys("root1.pem")));
    CHECK_FALSE(std::filesystem::exists(publisher.repo() / "metadata/1.root.json"));
    publisher.must("init", {"--no-passphrase"}); // what there is of it is no obstacle
}

TEST_CASE("a passphrase comes from a file or from the environment") {
    Publisher publisher;
    auto const file = publisher.directory.write("passphrase", "from a file\n").string();
    publisher.must("init", {"--passphrase-file", file});
    CHECK(publisher.asked.empty());
    publisher.add("LP-1");
    publisher.must("publish", {"--passphrase-file", file});
    ::setenv("LPREPO_PASSPHRASE", "from a file", 1);
    publisher.must("refresh");
    ::unsetenv("LPREPO_PASSPHRASE");
    CHECK(publisher.asked.empty());
}

TEST_CASE("an empty passphrase, or one mistyped, is none") {
    Publisher publisher;
    publisher.typed = "";
    CHECK(publisher.call({"init", publisher.repo().string()}) == 2);
    publisher.context.ask_secret = [&](std::string const& prompt) -> base::Result<std::string> {
        return prompt;
    };
    CHECK(publisher.call({"init", publisher.repo().string()}) == 2);
    CHECK(publisher.err.str().find("was not the same twice") != std::string::npos);
}

TEST_CASE("no key is ever written over") {
    Publisher publisher;
    auto const file = (publisher.directory.path() / "mine").string();
    REQUIRE(publisher.call({"keygen", file, "--no-passphrase"}) == 0);
    auto const before = base::read_file(file + ".pem").value();
    CHECK(publisher.call({"keygen", file, "--no-passphrase"}) == 6);
    CHECK(base::read_file(file + ".pem").value() == before);
    publisher.must("init", {"--no-passphrase"});
    CHECK(publisher.call({"init", publisher.repo().string(), "--no-passphrase"}) == 6);
}

TEST_CASE("what is copied to a web server holds no private key") {
    Publisher publisher;
    publisher.publish_one();
    for (auto const& entry : std::filesystem::recursive_directory_iterator(publisher.repo()))
        if (entry.is_regular_file())
            CHECK(
                base::read_file(entry.path(), std::size_t{1} << 26U).value().find("PRIVATE KEY") ==
                std::string::npos
            );
    CHECK(mode_of(publisher.repo() / ".lprepo") == 0700);
}

TEST_CASE("init --json tells the files") {
    Publisher publisher;
    REQUIRE(publisher.call({"init", publisher.repo().string(), "--no-passphrase", "--json"}) == 0);
    auto const said = publisher.json();
    CHECK(said["schema"] == 1);
    CHECK(said["root"]["file"] == (publisher.repo() / "metadata/1.root.json").string());
    CHECK(said["root"]["threshold"] == 2);
    CHECK(said["keys"].size() == 5);
    CHECK(said["keys"][0]["private"] == publisher.keys("root1.pem"));
}

TEST_CASE("keys of every kind sign") {
    for (auto const* kind : {"ed25519", "ecdsa", "rsa"}) {
        INFO(kind);
        Publisher publisher;
        publisher.must("init", {"--no-passphrase", "--kind", kind});
        publisher.add("LP-1");
        publisher.must("publish");
        publisher.must("verify");
    }
}
