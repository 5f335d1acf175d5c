#include "support/catch.hpp"
#include "support/module_signer.hpp"
#include "support/temporary_directory.hpp"
#include "trust/keyring.hpp"

#include <sys/stat.h>

using namespace livepatch;
using trust::Keyring;

namespace {

support::SigningKey const& some_key() {
    static auto const key = support::SigningKey::ec("P-256");
    return key;
}

std::string problem_of(std::string const& content) {
    support::TemporaryDirectory const directory;
    auto const path = directory.write("x.pem", content);
    auto const keys = Keyring::load(directory.path());
    CHECK(keys.empty());
    REQUIRE(keys.problems().size() == 1);
    CHECK(keys.problems()[0].subject == path);
    return keys.problems()[0].cause;
}

} // namespace

TEST_CASE("a keyring without a directory is empty and has no problems") {
    CHECK(Keyring().empty());
    CHECK(Keyring().problems().empty());
    auto const missing = Keyring::load("/nonexistent/keys");
    CHECK(missing.empty());
    CHECK(missing.problems().empty());
}

TEST_CASE("every certificate of every .pem file is taken") {
    support::TemporaryDirectory const directory;
    auto const pem = some_key().certificate_pem();
    directory.write("one.pem", pem);
    directory.write("several.pem", "two keys of ours:\n" + pem + "\n# and\n" + pem);
    directory.write(".hidden.pem", "not looked at");
    directory.write("README", "not looked at");
    directory.write("backup.pem~", "not looked at");
    auto const keys = Keyring::load(directory.path());
    CHECK_FALSE(keys.empty());
    CHECK(keys.problems().empty());
}

TEST_CASE("a broken file is reported and the others are taken") {
    support::TemporaryDirectory const directory;
    directory.write("good.pem", some_key().certificate_pem());
    directory.write("bad.pem", "nothing");
    auto const keys = Keyring::load(directory.path());
    CHECK_FALSE(keys.empty());
    REQUIRE(keys.problems().size() == 1);
    CHECK(keys.problems()[0].subject == directory.path() / "bad.pem");
}

TEST_CASE("each kind of broken file says what is wrong") {
    auto const& key = some_key();
    auto const pem = key.certificate_pem();
    CHECK(problem_of("") == "holds no certificate");
    CHECK(problem_of("text\n") == "holds no certificate");
    CHECK(problem_of(key.certificate_der()) == "is not PEM, but looks like DER");
    CHECK(
        problem_of(key.private_key_pem()) == "holds a block 'PRIVATE KEY' that is no certificate"
    );
    CHECK(
        problem_of(pem + key.private_key_pem()) ==
        "holds a block 'PRIVATE KEY' that is no certificate"
    );
    CHECK(problem_of(pem.substr(0, pem.size() / 2)).starts_with("is damaged"));
    CHECK(problem_of(pem + pem.substr(0, pem.size() / 2)).starts_with("is damaged"));
    auto damaged = pem;
    damaged.replace(damaged.find('\n') + 1, 8, "AAAAAAAA");
    CHECK(problem_of(damaged).starts_with("holds a damaged certificate"));
    CHECK(problem_of("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n")
              .starts_with("holds a damaged certificate"));
    CHECK(problem_of(std::string(std::size_t{300} * 1024, '\n')) == "longer than 262144 bytes");
}

TEST_CASE("only regular files are read, also behind links") {
    support::TemporaryDirectory const directory;
    std::filesystem::create_directory(directory.path() / "directory.pem");
    REQUIRE(::mkfifo((directory.path() / "fifo.pem").c_str(), 0600) == 0);
    std::filesystem::create_symlink("/dev/zero", directory.path() / "zero.pem");
    std::filesystem::create_symlink("/nonexistent", directory.path() / "dangling.pem");
    auto const target = directory.write("elsewhere", some_key().certificate_pem());
    std::filesystem::create_symlink(target, directory.path() / "link.pem");
    auto const keys = Keyring::load(directory.path());
    CHECK_FALSE(keys.empty());
    REQUIRE(keys.problems().size() == 4);
    CHECK(keys.problems()[0].cause == "cannot open: No such file or directory");
    CHECK(keys.problems()[1].cause == "not a regular file");
    CHECK(keys.problems()[2].cause == "not a regular file");
    CHECK(keys.problems()[3].cause == "not a regular file");
}

TEST_CASE("named files are taken alone, and only from the directory") {
    support::TemporaryDirectory const directory;
    directory.write("a.pem", some_key().certificate_pem());
    directory.write("b.pem", "broken");
    directory.write("sub/c.pem", some_key().certificate_pem());
    auto const named = Keyring::load(directory.path(), {"a.pem"});
    CHECK_FALSE(named.empty());
    CHECK(named.problems().empty());
    auto const refused = Keyring::load(directory.path(), {"sub/c.pem", "..", "", "missing.pem"});
    CHECK(refused.empty());
    REQUIRE(refused.problems().size() == 4);
    CHECK(refused.problems()[0].remedy == "name it without a directory");
    CHECK(refused.problems()[3].cause == "cannot open: No such file or directory");
}

TEST_CASE("a keyring that cannot be listed is a problem, not an empty one") {
    support::TemporaryDirectory const directory;
    auto const file = directory.write("file", "");
    auto const keys = Keyring::load(file);
    CHECK(keys.empty());
    REQUIRE(keys.problems().size() == 1);
    CHECK(keys.problems()[0].cause == "cannot open: Not a directory");
}
