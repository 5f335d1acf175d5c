// Servers that replay, mix, exchange, redirect, and do not end: what is in the mirror stays.
#include "base/sha256.hpp"
#include "fetch_host.hpp"
#include "repository/trust_reset.hpp"

using namespace livepatch;
using namespace std::chrono_literals;
using support::FetchHost;
using WebServer = conformance::WebServer;
using Words = FetchHost::Words;

namespace {

auto answers(std::string text) {
    return [text = std::move(text)](WebServer::Write const& write) { write(text); };
}

void endless(WebServer::Write const& write) {
    write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    std::string const some(65'536, 'x');
    while (write(some)) {
    }
}

void endless_headers(WebServer::Write const& write) {
    write("HTTP/1.1 200 OK\r\n");
    auto const line = "X-More: " + std::string(1000, 'x') + "\r\n";
    while (write(line)) {
    }
}

void endless_error(WebServer::Write const& write) {
    write("HTTP/1.1 500 Broken\r\nConnection: close\r\n\r\n");
    std::string const some(65'536, 'x');
    while (write(some)) {
    }
}

// Above the speed at which a server is left, and never at an end.
void steady(WebServer::Write const& write) {
    write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    std::string const some(400, 'x');
    while (write(some))
        std::this_thread::sleep_for(250ms);
}

void slow(WebServer::Write const& write) {
    write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (write("x"))
        std::this_thread::sleep_for(50ms);
}

// Has LP-1, and is offered LP-2.
struct Attacked : FetchHost {
    std::string before;

    Attacked() {
        publish_one_and_serve();
        REQUIRE(fetch() == 0);
        before = timestamp();
        add("LP-2", {.name = "lp_two"});
        must("publish");
    }

    // Nothing of what came is in the mirror.
    void unharmed() {
        CHECK(timestamp() == before);
        CHECK(seen_by_daemon() == Words{"LP-1"});
    }

    // What is true is taken up again.
    void recovers() {
        server.script(
            "metadata/timestamp.json",
            answers(WebServer::page("200 OK", files().at("metadata/timestamp.json")))
        );
        serve();
        CHECK(fetch() == 0);
        CHECK(seen_by_daemon() == Words{"LP-1", "LP-2"});
    }
};

} // namespace

TEST_CASE("an old timestamp that is replayed is refused, also by the next run") {
    Attacked host;
    auto const old = host.files();
    host.serve();
    REQUIRE(host.fetch() == 0);
    host.must("withdraw", {"LP-1", "--reason", "x"});
    host.must("publish");
    host.serve();
    REQUIRE(host.fetch() == 0);
    auto const newest = host.timestamp();
    host.server.serve(old);
    for (int i = 0; i < 2; ++i) {
        CHECK(host.fetch() == 6);
        CHECK(host.says("went back"));
        CHECK(host.timestamp() == newest);
        CHECK(host.seen_by_daemon() == Words{"LP-2"});
    }
    CHECK(host.slept.empty());
}

TEST_CASE("a snapshot of another state is refused") {
    Attacked host;
    auto files = host.files();
    auto const number = host.metadata("timestamp.json").at("version").get<int>();
    auto const snapshot = [](int version) {
        return "metadata/" + std::to_string(version) + ".snapshot.json";
    };
    files.at(snapshot(number)) = files.at(snapshot(number - 1));
    host.server.serve(files);
    CHECK(host.fetch() == 6);
    CHECK(host.says(snapshot(number)));
    host.unharmed();
    host.recovers();
}

TEST_CASE("data without an end is ended, wherever it comes") {
    Attacked host;
    host.serve();
    SECTION("the next root") {
        host.server.script("metadata/2.root.json", endless);
        CHECK(host.fetch() != 0);
        host.unharmed();
    }
    SECTION("the timestamp") {
        host.server.script("metadata/timestamp.json", endless);
        CHECK(host.fetch() != 0);
        CHECK(host.says("longer than"));
        host.unharmed();
    }
    SECTION("what comes before it") {
        host.server.script("metadata/timestamp.json", endless_headers);
        CHECK(host.fetch() == 1);
        host.unharmed();
    }
    SECTION("what a server says of its trouble") {
        host.server.script("metadata/timestamp.json", endless_error);
        CHECK(host.fetch() == 1);
        CHECK(host.says("HTTP status 500"));
        host.unharmed();
    }
    SECTION("a module") {
        host.server.script(host.page_of_module("LP-2"), endless);
        CHECK(host.fetch() != 0);
        CHECK(host.says("longer than"));
        CHECK(host.modules() == Words{"LP-1"});
        CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2 without its module"});
        CHECK(base::list_directory(host.tree() / ".part").value().empty());
    }
}

TEST_CASE("a server that sends slowly is left") {
    Attacked host;
    host.serve();
    host.patience = 1s;
    host.server.script("metadata/timestamp.json", slow);
    CHECK(host.fetch() == 1);
    CHECK(host.says("too slow"));
    CHECK(host.slept.size() == 2);
    host.unharmed();
}

TEST_CASE("a server that is never done, and not too slow, is left all the same") {
    Attacked host;
    host.serve();
    host.in_all = 1s;
    host.server.script("metadata/timestamp.json", steady);
    CHECK(host.fetch() == 1);
    CHECK(host.slept.size() == 2);
    host.unharmed();
    host.in_all = 60s;
    host.recovers();
}

TEST_CASE("nothing is unpacked, whatever a server says of it") {
    Attacked host;
    host.serve();
    auto const timestamp = host.files().at("metadata/timestamp.json");
    host.server.script(
        "metadata/timestamp.json",
        answers(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: " +
            std::to_string(timestamp.size()) + "\r\n\r\n" + timestamp
        )
    );
    CHECK(host.fetch() == 0);
    CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2"});
}

TEST_CASE("a server that takes all the time it is given does not keep the next source waiting") {
    FetchHost host;
    host.publish_one_and_serve();
    host.for_one_source = 1s;
    host.write_source("a-slow", host.server.url("slow"), "allow_http = true\n");
    host.server.script("slow/metadata/timestamp.json", slow);
    CHECK(host.fetch() == 1);
    CHECK(host.slept.empty());
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
}

TEST_CASE("redirections are not followed, to whatever scheme") {
    Attacked host;
    host.serve();
    auto const target = GENERATE("https://elsewhere.example/", "file:///etc/passwd");
    host.server.script(
        "metadata/timestamp.json",
        answers(
            "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " +
            std::string(target) + "\r\n\r\n"
        )
    );
    CHECK(host.fetch() == 1);
    CHECK(host.says("HTTP status 302; redirections are not followed"));
    host.unharmed();
    host.recovers();
}

TEST_CASE("a module that was exchanged is not kept, and all the rest is shown") {
    Attacked host;
    host.must("brake", {"LP-1"});
    host.serve();
    auto const page = host.page_of_module("LP-2");
    auto evil = host.files().at(page);
    evil.back() = evil.back() == 'x' ? 'y' : 'x';
    host.server.script(page, answers(WebServer::page("200 OK", evil)));
    CHECK(host.fetch() == 6);
    CHECK(host.says("its hash is not the signed one"));
    // What has to be stopped is known all the same, and what is here stays as long as something
    // lacks.
    CHECK(host.seen_by_daemon() == Words{"LP-2 without its module"});
    CHECK(host.modules() == Words{"LP-1"});
    CHECK(base::list_directory(host.tree() / ".part").value().empty());
    host.server.script(page, answers(WebServer::page("200 OK", host.files().at(page))));
    CHECK(host.fetch() == 0);
    CHECK(host.modules() == Words{"LP-2"});
    CHECK(host.seen_by_daemon() == Words{"LP-2"});
}

TEST_CASE("a file that is not there is an error that names it") {
    Attacked host;
    host.serve();
    SECTION("the repository") {
        host.server.serve({});
        CHECK(host.fetch() == 1);
        CHECK(host.says("there is no repository at"));
        host.unharmed();
    }
    SECTION("a snapshot") {
        auto files = host.files();
        std::erase_if(files, [](auto const& file) {
            return file.first.ends_with(".snapshot.json");
        });
        host.server.serve(files);
        CHECK(host.fetch() == 6);
        CHECK(host.says("is not there, though the signed metadata names it"));
        host.unharmed();
        host.recovers();
    }
    SECTION("a module") {
        auto files = host.files();
        auto const page = host.page_of_module("LP-2");
        files.erase(page);
        host.server.serve(files);
        CHECK(host.fetch() == 6);
        CHECK(host.says("LP-2.ko: is not there, though the signed metadata names it"));
        CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2 without its module"});
        host.recovers();
    }
}

TEST_CASE("the next root may be not there by any of three names") {
    Attacked host;
    host.serve();
    for (auto const* status : {"403 Forbidden", "404 Not Found", "410 Gone"}) {
        host.server.script("metadata/2.root.json", answers(WebServer::page(status, "")));
        CHECK(host.fetch() == 0);
    }
    host.server.script("metadata/2.root.json", answers(WebServer::page("500 x", "")));
    CHECK(host.fetch() == 1);
    CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2"});
}

TEST_CASE("a download that broke off goes on where it was") {
    Attacked host;
    host.serve();
    auto const page = host.page_of_module("LP-2");
    auto const module = host.files().at(page);
    host.server.script(page, [&](WebServer::Write const& write) {
        write(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
            std::to_string(module.size()) + "\r\n\r\n" + module.substr(0, 1000)
        );
    });
    // The first answer is a part; who asks for the rest has nothing of it.
    host.luck = 0.99;
    CHECK(host.fetch() == 1);
    CHECK(host.slept.size() == 2);
    CHECK(base::list_directory(host.tree() / ".part").value() == Words{base::sha256(module)});
    host.server.script(page, [&](WebServer::Write const& write) {
        bool const wants_rest =
            host.server.last_head().find("Range: bytes=1000-\r\n") != std::string::npos;
        CHECK(wants_rest);
        auto const rest = module.substr(1000);
        write(
            "HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Range: bytes 1000-\r\n"
            "Content-Length: " +
            std::to_string(rest.size()) + "\r\n\r\n" + rest
        );
    });
    CHECK(host.fetch() == 0);
    CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2"});
}

TEST_CASE("a start of which the server has less is begun anew") {
    Attacked host;
    host.serve();
    auto const page = host.page_of_module("LP-2");
    auto const module = host.files().at(page);
    host.directory.write(
        "mirror/corp/.part/" + base::sha256(module), std::string(module.size() - 1, 'x')
    );
    host.server.script(page, [&](WebServer::Write const& write) {
        bool const wants_rest = host.server.last_head().find("Range: ") != std::string::npos;
        write(WebServer::page(
            wants_rest ? "416 Range Not Satisfiable" : "200 OK", wants_rest ? "" : module
        ));
    });
    CHECK(host.fetch() == 0);
    CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2"});
}

TEST_CASE("a root that is not of the chain is refused, whatever the server has") {
    Attacked host;
    FetchHost other;
    other.publish_one_and_serve();
    host.server.serve(other.files());
    CHECK(host.fetch() == 6);
    host.unharmed();
}

TEST_CASE("a publisher who starts over is followed when an administrator has the trust reset") {
    Attacked host;
    if (GENERATE(false, true)) { // with roots that the new one does not have
        host.must("rotate", {"online", "--no-passphrase"});
        host.publish_and_serve();
        REQUIRE(host.fetch() == 0);
    }
    FetchHost other;
    other.publish_one_and_serve();
    std::filesystem::copy_file(
        other.path("root.json"),
        host.path("root.json"),
        std::filesystem::copy_options::overwrite_existing
    );
    host.server.serve(other.files());
    CHECK(host.fetch() == 6);
    REQUIRE(repository::TrustReset(host.path("resets")).tell("corp", "1"));
    CHECK(host.fetch() == 0);
    CHECK(host.says("the trust in it was reset"));
    std::filesystem::remove_all(host.path("daemon"));
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
    CHECK(host.fetch() == 0); // once
    CHECK_FALSE(host.says("the trust in it was reset"));
}
