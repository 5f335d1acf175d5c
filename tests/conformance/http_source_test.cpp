// A hostile web server.
#include "mirror/http_source.hpp"
#include "support/catch.hpp"
#include "web_server.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using base::Errc;
using conformance::WebServer;
using mirror::HttpSource;
using trust::tuf::Source;

namespace {

struct Web {
    WebServer server;
    std::chrono::seconds patience = 60s; // with a machine that is busy, too
    HttpSource source{
        {.metadata = server.url("metadata"), .targets = server.url("targets/")},
        {.allow_http = true},
        {.to_connect = 60s, .below_least_speed = patience, .in_all = 60s}};

    base::Result<std::string>
    read(std::string const& name, Source::Area area = Source::Area::metadata) {
        std::string got;
        auto const answer = source.fetch(
            {.name = {area, name}, .limit = 1000, .may_be_unchanged = false},
            [&](std::span<std::byte const> bytes) -> base::Result<void> {
                got.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
                if (got.size() > 1000)
                    return base::Error{
                        .code = Errc::limits_exceeded,
                        .subject = "x",
                        .cause = "long",
                        .remedy = {}};
                return {};
            }
        );
        return answer ? base::Result<std::string>(got) : answer.error();
    }

    base::Error failure(std::string const& name, WebServer::Script script) {
        server.script("metadata/" + name, std::move(script));
        auto const got = read(name);
        REQUIRE(got.has_error());
        return got.error();
    }
};

auto says(std::string text) {
    return [text = std::move(text)](WebServer::Write const& write) { write(text); };
}

} // namespace

TEST_CASE("files of a web server are read") {
    Web web;
    web.server.serve(
        {{"metadata/1.root.json", "root"},
         {"metadata/empty", ""},
         {"metadata/full", std::string(1000, 'x')},
         {"targets/a/b%20c.ko", "module"}}
    );
    CHECK(web.read("1.root.json").value() == "root");
    CHECK(web.read("empty").value().empty());
    CHECK(web.read("full").value().size() == 1000);
    CHECK(web.read("a/b c.ko", Source::Area::targets).value() == "module");
}

TEST_CASE("names go to a web server as they are, also those that look like a way up") {
    Web web;
    CHECK(web.read("1...%2F..%2Fevil.json").has_error());
    CHECK(web.read("../../a?b#c", Source::Area::targets).has_error());
    CHECK(
        web.server.take_requests() ==
        std::vector<std::string>{"metadata/1...%2F..%2Fevil.json", "targets/../../a%3Fb%23c"}
    );
}

TEST_CASE("not there has several numbers, and other failures are failures") {
    Web web;
    for (auto const* status : {"404 Not Found", "403 Forbidden", "410 Gone"}) {
        auto const name = std::string(status, 3);
        auto const got = web.failure(name, says(WebServer::page(status, "page")));
        CHECK(got.code == Errc::not_found);
        CHECK(got.cause == "HTTP status " + name);
        CHECK(got.subject == web.server.url("metadata/" + name));
    }
    for (std::string const status : {"500", "503", "401", "304", "204"}) {
        auto const error = web.failure(status, says(WebServer::page(status + " x", "")));
        CHECK(error.code == Errc::failed);
        CHECK(error.cause == "HTTP status " + status);
    }
}

TEST_CASE("redirections are not followed, to whatever scheme") {
    Web web;
    web.server.serve({{"elsewhere", "secret"}});
    for (auto const& target : {web.server.url("elsewhere"), std::string("file:///etc/passwd")}) {
        auto const error = web.failure(
            "moved",
            says(
                "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " +
                target + "\r\n\r\n"
            )
        );
        CHECK(error.cause == "HTTP status 302");
    }
    CHECK(
        web.server.take_requests() == std::vector<std::string>{"metadata/moved", "metadata/moved"}
    );
}

TEST_CASE("only web servers are asked") {
    HttpSource source(
        {.metadata = "file:///etc", .targets = "ftp://127.0.0.1/"}, {.allow_http = true}
    );
    auto const sink = [](auto) { return base::Result<void>(); };
    for (auto const area : {Source::Area::metadata, Source::Area::targets}) {
        auto const answer = source.fetch(
            {.name = {area, "passwd"}, .limit = 1000, .may_be_unchanged = false}, sink
        );
        REQUIRE(answer.has_error());
        CHECK(answer.error().cause.find("not supported") != std::string::npos);
    }
}

TEST_CASE("a length that is too long is refused before anything is read") {
    Web web;
    auto const error = web.failure("long", says(WebServer::page("200 OK", std::string(1001, 'x'))));
    CHECK(error.code == Errc::limits_exceeded);
    CHECK(error.cause == "longer than 1000 bytes");
}

TEST_CASE("endless data without a length is ended by who reads it") {
    Web web;
    auto const error = web.failure("endless", [](WebServer::Write const& write) {
        write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        std::string const some(4096, 'x');
        while (write(some)) {
        }
    });
    CHECK(error.cause == "long");
}

TEST_CASE("a connection that ends early is an error") {
    Web web;
    auto const error =
        web.failure("half", says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
    CHECK(error.code == Errc::failed);
    CHECK(web.failure("none", says("")).code == Errc::failed);
    CHECK(web.failure("nonsense", says("nonsense\r\n\r\n")).code == Errc::failed);
}

TEST_CASE("who sends slowly is left") {
    Web web{.server = {}, .patience = 1s};
    auto const error = web.failure("slow", [](WebServer::Write const& write) {
        write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while (write("x"))
            std::this_thread::sleep_for(100ms);
    });
    CHECK(error.cause.find("too slow") != std::string::npos);
}

TEST_CASE("a server that is not there is an error, not a file that is not there") {
    auto const url = WebServer().url(); // which is gone again
    HttpSource source({.metadata = url, .targets = url}, {.allow_http = true});
    auto const answer = source.fetch(
        {.name = {Source::Area::metadata, "2.root.json"}, .limit = 10, .may_be_unchanged = false},
        [](auto) { return base::Result<void>(); }
    );
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == Errc::failed);
}

TEST_CASE("without allow_http, only HTTPS is spoken") {
    WebServer server;
    HttpSource source(HttpSource::below(server.url()), {});
    auto const answer = source.fetch(
        {.name = {Source::Area::metadata, "timestamp.json"},
         .limit = 10,
         .may_be_unchanged = false},
        [](auto) { return base::Result<void>(); }
    );
    REQUIRE(answer.has_error());
    CHECK(answer.error().cause.find("not supported") != std::string::npos);
    CHECK(server.take_requests().empty());
}

TEST_CASE("a file that has not changed is not sent again") {
    Web web;
    web.server.script(
        "metadata/timestamp.json",
        says("HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"one\"\r\nContent-Length: "
             "4\r\n\r\ntime")
    );
    auto const ask = [&](bool may_be_unchanged) {
        return web.source.fetch(
            {.name = {Source::Area::metadata, "timestamp.json"},
             .limit = 1000,
             .may_be_unchanged = may_be_unchanged},
            [](auto) { return base::Result<void>(); }
        );
    };
    REQUIRE(ask(true).value() == Source::Answer::content);
    CHECK(web.source.etag() == "\"one\"");
    CHECK(web.server.last_head().find("If-None-Match") == std::string::npos);
    web.source.know_etag(web.source.etag());
    web.server.script(
        "metadata/timestamp.json", says("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
    );
    CHECK(ask(true).value() == Source::Answer::unchanged);
    CHECK(web.server.last_head().find("If-None-Match: \"one\"\r\n") != std::string::npos);
    CHECK(ask(false).has_error()); // nobody asked whether it has changed
}

TEST_CASE("a server may ask to be left alone for a while, not for ever") {
    Web web;
    auto const busy = [&](std::string const& seconds) {
        web.failure(
            "busy",
            says(
                "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: " + seconds +
                "\r\nContent-Length: 0\r\n\r\n"
            )
        );
        return web.source.retry_after();
    };
    CHECK(busy("120") == 120s);
    CHECK(busy("999999999") == 24h);
    CHECK_FALSE(busy("soon"));
    CHECK(web.read("none").has_error());
    CHECK_FALSE(web.source.retry_after());
}
