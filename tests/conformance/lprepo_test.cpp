// lprepo and a web server: mirror, and verify of a URL.
#include "publisher.hpp"
#include "web_server.hpp"

using namespace livepatch;
using conformance::WebServer;
using support::Publisher;
using Words = Publisher::Words;

namespace {

struct Web : Publisher {
    WebServer server;

    // What is published now.
    void serve() {
        std::map<std::string, std::string> files;
        for (auto const* part : {"metadata", "targets"})
            for (auto const& entry : std::filesystem::recursive_directory_iterator(repo() / part))
                if (entry.is_regular_file())
                    files[entry.path().lexically_relative(repo()).string()] =
                        base::read_file(entry.path(), std::size_t{64} << 20U).value();
        server.serve(files);
    }

    std::string copy() const { return (directory.path() / "copy").string(); }

    int mirror(Words rest = {}) {
        Words words{"mirror", server.url(), copy(), "--allow-http"};
        words.insert(words.end(), rest.begin(), rest.end());
        return call(words);
    }
};

} // namespace

TEST_CASE("a repository on a web server is verified, over HTTP if that was said") {
    Web web;
    web.publish_one();
    web.serve();
    CHECK(web.call({"verify", web.server.url()}) == 1);
    CHECK(web.call({"verify", web.server.url(), "--allow-http"}) == 0);
    CHECK(web.out.str().find("1 patch for 1 kernel") != std::string::npos);
    CHECK(web.call({"verify", web.server.url("none"), "--allow-http"}) == 3);
}

TEST_CASE("a mirror is a repository, follows the other one, and does not go back") {
    Web web;
    web.publish_one();
    web.serve();
    auto const anchor = (web.repo() / "metadata/1.root.json").string();
    CHECK(web.mirror({"--json"}) == 0);
    CHECK(web.json()["targets"] == 3);
    CHECK(web.json()["fetched"] == 3);
    CHECK(web.call({"verify", web.copy(), "--root", anchor}) == 0);
    web.add("LP-2");
    web.must("publish");
    web.must("brake", {"LP-1"});
    web.must("rotate", {"online", "--no-passphrase"});
    web.must("publish");
    web.serve();
    CHECK(web.mirror({"--json"}) == 0);
    CHECK(web.json()["targets"] == 4);
    CHECK(web.json()["fetched"] == 3); // the catalogue, the module and the brake's list
    CHECK(web.json()["root"] == 2);
    CHECK(web.call({"verify", web.copy(), "--root", anchor, "--json"}) == 0);
    CHECK(web.json()["patches"].size() == 2);

    Web other;
    other.publish_one();
    other.serve();
    Words words{"mirror", other.server.url(), web.copy(), "--allow-http"};
    CHECK(web.call(words) == 6);
    CHECK(web.call({"verify", web.copy(), "--root", anchor}) == 0);
}

TEST_CASE("of a mirror for some kernels the rest is left out") {
    Web web;
    web.must("init", {"--no-passphrase"});
    web.add("LP-1", {.name = "one"});
    web.add("LP-1", {.name = "two", .release = "6.1.0-57-amd64"});
    web.must("publish");
    web.serve();
    CHECK(web.mirror({"--kernels", "6.1.0-57-*", "--json"}) == 0);
    CHECK(web.json()["targets"] == 3);
    auto const targets = std::filesystem::path(web.copy()) / "targets";
    CHECK(std::filesystem::exists(targets / "modules/x86_64/6.1.0-57-amd64"));
    CHECK_FALSE(std::filesystem::exists(targets / "modules/x86_64/6.1.0-56-amd64"));
}
