// lpctl trust add and list.
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "lpctl_host.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <sstream>

using namespace livepatch;
using support::LpctlHost;
namespace fs = std::filesystem;

namespace {

constexpr auto good_root =
    R"({"signatures":[],"signed":{"_type":"root","version":3,"expires":"2027-01-01T00:00:00Z",)"
    R"("roles":{"root":{"keyids":["a","b","c"],"threshold":2}}}})";

struct Bench {
    LpctlHost host;
    support::TemporaryDirectory directory;
    fs::path etc = directory.path() / "etc";
    std::string root = (directory.path() / "root.json").string();
    std::istringstream answer;

    Bench() {
        fs::create_directories(etc / "repos.d");
        host.context.configuration = etc;
        directory.write("root.json", good_root);
    }

    int
    add(std::vector<std::string> const& more, std::string const& url = "https://example.org/lp") {
        std::vector<std::string> words{"trust", "add", "corp", url, "--root", root};
        words.insert(words.end(), more.begin(), more.end());
        return host.call(words);
    }

    int add_and_say(std::string const& words) {
        answer.clear();
        answer.str(words);
        host.context.can_ask = true;
        host.context.in = &answer;
        return add({});
    }

    std::string fingerprint() const { return base::sha256(std::string_view(good_root)); }

    bool is_added() const { return fs::exists(etc / "repos.d/corp.toml"); }
};

} // namespace

TEST_CASE("a root is pinned by its fingerprint") {
    Bench bench;
    CHECK(bench.add({"--fingerprint", bench.fingerprint()}) == 0);
    CHECK(base::read_file(bench.etc / "trust/corp.root.json").value() == good_root);
    auto const source = base::read_file(bench.etc / "repos.d/corp.toml").value();
    CHECK(source.find("url = \"https://example.org/lp\"\n") != std::string::npos);
    CHECK(
        source.find("root = \"" + (bench.etc / "trust/corp.root.json").string()) !=
        std::string::npos
    );
    CHECK(bench.host.err.str().find("systemctl reload livepatchd") != std::string::npos);
    CHECK(bench.host.out.str().find("systemctl start livepatch-fetch\n") != std::string::npos);
    // The same once more is well, something else is not.
    bench.host.daemon.set_running(false);
    CHECK(bench.add({"--fingerprint", bench.fingerprint(), "--json"}) == 0);
    CHECK(bench.host.json()["fingerprint"] == bench.fingerprint());
    CHECK(bench.host.json()["reloaded"] == false);
    CHECK(bench.host.err.str().find("reads this when it starts") != std::string::npos);
    CHECK(bench.add({"--fingerprint", bench.fingerprint()}, "https://elsewhere.org/lp") == 6);
}

TEST_CASE("a repository is added without encryption when that was said") {
    Bench bench;
    std::vector<std::string> const sure{"--fingerprint", bench.fingerprint()};
    CHECK(bench.add(sure, "http://example.org/lp") == 2);
    CHECK(bench.host.err.str().find("--allow-http") != std::string::npos);
    CHECK_FALSE(bench.is_added());
    CHECK(
        bench.add(
            {"--fingerprint", bench.fingerprint(), "--allow-http"}, "http://example.org/lp"
        ) == 0
    );
    auto const source = base::read_file(bench.etc / "repos.d/corp.toml").value();
    CHECK(source.find("url = \"http://example.org/lp\"\n") != std::string::npos);
    CHECK(source.find("allow_http = true\n") != std::string::npos);
}

TEST_CASE("a password is not taken where all who see processes see it") {
    Bench bench;
    std::vector<std::string> const sure{"--fingerprint", bench.fingerprint()};
    CHECK(bench.add(sure, "https://me:secret@example.org/lp") == 2);
    CHECK(bench.host.err.str().find("secret") == std::string::npos);
    CHECK_FALSE(bench.is_added());
    CHECK(bench.add(sure, "https://example.org/lp@2") == 0);
}

TEST_CASE("a root with another fingerprint is not believed") {
    Bench bench;
    CHECK(bench.add({"--fingerprint", std::string(64, 'a')}) == 6);
    CHECK(bench.host.err.str().find(bench.fingerprint()) != std::string::npos);
    CHECK_FALSE(bench.is_added());
}

TEST_CASE("whoever gives no fingerprint is shown it and asked") {
    Bench bench;
    CHECK(bench.add_and_say("n\n") == 1);
    CHECK_FALSE(bench.is_added());
    auto const shown = bench.host.err.str();
    CHECK(shown.find(bench.fingerprint()) != std::string::npos);
    CHECK(shown.find("version 3, 2 of 3 keys have to sign") != std::string::npos);
    CHECK(bench.add_and_say("") == 1);
    CHECK(bench.add_and_say("yes\n") == 0);
    CHECK(bench.is_added());
}

TEST_CASE("where nobody can be asked, nothing is believed") {
    Bench bench;
    CHECK(bench.add({}) == 2);
    CHECK_FALSE(bench.is_added());
}

TEST_CASE("what is no root, no name or no URL") {
    Bench bench;
    auto const sure = std::vector<std::string>{"--fingerprint", bench.fingerprint()};
    CHECK(bench.add(sure, "ftp://example.org") == 2);
    CHECK(bench.add(sure, "https://example.org/\"\nroot = \"/etc/shadow") == 2);
    CHECK(bench.add(sure, "http://example.org") == 2);
    CHECK(bench.host.call({"trust", "add", "../x", "https://x", "--root", bench.root}) == 2);
    for (auto const* text :
         {"{}",
          "[]",
          "{",
          R"({"signed":{"_type":"targets","version":1}})",
          R"({"signed":{"_type":"root","version":1,"roles":{"root":{"keyids":["a"],"threshold":2}}}})"}) {
        bench.directory.write("root.json", text);
        CHECK(bench.add({"--fingerprint", base::sha256(std::string_view(text))}) == 6);
    }
    fs::remove(bench.root);
    CHECK(bench.add(sure) == 1);
    CHECK_FALSE(bench.is_added());
}

TEST_CASE("the roots that are installed") {
    Bench bench;
    CHECK(bench.host.call({"trust", "list"}) == 0);
    CHECK(bench.host.out.str().empty());
    REQUIRE(bench.add({"--fingerprint", bench.fingerprint()}) == 0);
    bench.directory.write("etc/trust/broken.root.json", "{}");
    CHECK(bench.host.call({"trust", "list"}) == 0);
    CHECK(bench.host.out.str().find(bench.fingerprint()) != std::string::npos);
    CHECK(bench.host.out.str().find("2 of 3") != std::string::npos);
    CHECK(bench.host.call({"trust", "list", "--json"}) == 0);
    auto const roots = bench.host.json()["roots"];
    REQUIRE(roots.size() == 2);
    CHECK(roots[0]["name"] == "broken");
    CHECK(roots[0]["problem"].get<std::string>().find("no root.json") != std::string::npos);
    CHECK(roots[1]["threshold"] == 2);
    CHECK(roots[1]["problem"] == "");
}
