// Several servers, servers that are busy, and ways to them.
#include "base/sha256.hpp"
#include "fetch_host.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using support::FetchHost;
using WebServer = conformance::WebServer;
using Words = FetchHost::Words;

namespace {

auto answers(std::string text) {
    return [text = std::move(text)](WebServer::Write const& write) { write(text); };
}

auto busy(std::string const& seconds) {
    return answers(
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: " + seconds +
        "\r\nContent-Length: 0\r\n\r\n"
    );
}

struct Two : FetchHost {
    WebServer second;

    Two() {
        publish_one_and_serve();
        second.serve(files());
        configure("allow_http = true\nmirrors = [\"" + second.url() + "\"]\n");
    }
};

} // namespace

TEST_CASE("the first server is asked, and the next one only when it fails") {
    Two host;
    CHECK(host.fetch() == 0);
    CHECK(host.second.take_requests().empty());
    SECTION("it has nothing") {
        host.server.serve({});
    }
    SECTION("it is broken") {
        host.server.script("metadata/timestamp.json", answers(WebServer::page("500 x", "")));
    }
    SECTION("it is old") {
        auto const old = host.files();
        host.add("LP-2", {.name = "lp_two"});
        host.publish_and_serve();
        host.second.serve(host.files());
        REQUIRE(host.fetch() == 0);
        host.server.serve(old);
        host.must("refresh");
        host.second.serve(host.files());
    }
    SECTION("it lacks a module") {
        host.add("LP-2", {.name = "lp_two"});
        host.must("publish");
        auto files = host.files();
        host.second.serve(files);
        files.erase(host.page_of_module("LP-2"));
        host.server.serve(files);
    }
    host.second.take_requests();
    CHECK(host.fetch() == 0);
    CHECK(host.slept.empty());
    CHECK_FALSE(host.second.take_requests().empty());
    CHECK(host.seen_by_daemon().front() == "LP-1");
}

TEST_CASE("servers that all stay behind, or stand still, are not believed") {
    Two host;
    auto const old = host.files();
    host.add("LP-2", {.name = "lp_two"});
    host.publish_and_serve();
    host.second.serve(host.files());
    REQUIRE(host.fetch() == 0);
    SECTION("they go back") {
        host.server.serve(old);
        host.second.serve(old);
        CHECK(host.fetch() == 6);
        CHECK(host.says("went back"));
    }
    SECTION("they show what they always did") {
        host.now += 48h;
        CHECK(host.fetch() == 6);
        CHECK(host.says("expired"));
    }
    CHECK_FALSE(host.second.take_requests().empty());
    CHECK(host.modules() == Words{"LP-1", "LP-2"});
}

TEST_CASE("what one server began, another one ends") {
    Two host;
    auto const page = host.page_of_module("LP-1");
    auto const module = host.files().at(page);
    host.server.script(page, [&](WebServer::Write const& write) {
        write(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
            std::to_string(module.size()) + "\r\n\r\n" + module.substr(0, 500)
        );
    });
    CHECK(host.fetch() == 0);
    CHECK(host.second.last_head().find("Range: bytes=500-\r\n") != std::string::npos);
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
}

TEST_CASE("what will pass is tried again after a pause that is by chance, what will not is not") {
    FetchHost host;
    host.publish_one_and_serve();
    int left = 2;
    auto const timestamp = host.files().at("metadata/timestamp.json");
    host.server.script("metadata/timestamp.json", [&](WebServer::Write const& write) {
        write(WebServer::page(left-- > 0 ? "500 x" : "200 OK", timestamp));
    });
    CHECK(host.fetch() == 0);
    CHECK(host.slept == std::vector{5s, 10s});
    CHECK(host.says("corp: trying again in 5 s"));
    left = 3;
    host.luck = 0;
    CHECK(host.fetch() == 1);
    CHECK(host.slept == std::vector{0s, 0s});
}

TEST_CASE("a server that wants to be left alone is, also by the next run") {
    FetchHost host;
    host.publish_one_and_serve();
    host.luck = 0;
    SECTION("for a while that can be waited for") {
        bool first = true;
        auto const timestamp = host.files().at("metadata/timestamp.json");
        host.server.script("metadata/timestamp.json", [&](WebServer::Write const& write) {
            if (std::exchange(first, false))
                busy("60")(write);
            else
                write(WebServer::page("200 OK", timestamp));
        });
        CHECK(host.fetch() == 0);
        CHECK(host.slept == std::vector{60s});
    }
    SECTION("for longer") {
        host.server.script("metadata/timestamp.json", busy("7200"));
        CHECK(host.fetch() == 1);
        CHECK(host.slept.empty());
        host.server.take_requests();
        host.now += 1h;
        CHECK(host.fetch() == 1);
        CHECK(host.says("wants to be left alone until 2026-06-01T02:00:00Z"));
        CHECK(host.server.take_requests().empty());
        host.now += 1h;
        host.server.script(
            "metadata/timestamp.json",
            answers(WebServer::page("200 OK", host.files().at("metadata/timestamp.json")))
        );
        CHECK(host.fetch() == 0);
    }
}

TEST_CASE("a password in a URL is used, and told to nobody else") {
    FetchHost host;
    host.publish_one_and_serve();
    auto url = host.server.url();
    url.insert(url.find("://") + 3, "somebody:secret@");
    host.write_source("corp", url, "allow_http = true\n");
    CHECK(host.fetch() == 0);
    CHECK(host.server.last_head().find("Authorization: Basic ") != std::string::npos);
    CHECK_FALSE(host.says("secret"));
    host.server.script("metadata/timestamp.json", answers(WebServer::page("404 Not Found", "")));
    CHECK(host.fetch() == 1);
    CHECK(host.says("there is no repository at " + host.server.url()));
    CHECK_FALSE(host.says("secret"));
    host.write_source("corp", url, "");
    CHECK(host.fetch() == 1);
    CHECK(host.says("allow_http is not set"));
    CHECK_FALSE(host.says("secret"));
}

TEST_CASE("over a proxy, of which the servers' names are asked") {
    FetchHost host;
    host.publish_one_and_serve();
    // What a proxy is asked for is a whole URL; the server takes its first letter for a slash.
    host.server.serve(host.files("ttp://patches.example/lp/"));
    host.configure(
        "allow_http = true\nproxy = \"" + host.server.url() + "\"\n", "http://patches.example/lp"
    );
    CHECK(host.fetch() == 0);
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
}

TEST_CASE("without allow_http a server is asked over HTTPS alone") {
    FetchHost host;
    host.publish_one_and_serve();
    host.configure("");
    CHECK(host.fetch() == 1);
    CHECK(host.says("is not https://, and allow_http is not set"));
    CHECK(host.server.take_requests().empty());
}

TEST_CASE("authorities that cannot be read are an error, not all of them") {
    FetchHost host;
    host.publish_one_and_serve();
    host.configure(
        "ca_file = \"" + host.path("none.pem").string() + "\"\n", "https://127.0.0.1:1/"
    );
    CHECK(host.fetch() == 1);
    CHECK(host.seen_by_daemon().front() != "LP-1");
}
