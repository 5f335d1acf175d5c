// A mirror before a hostile web server.
#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "mirror/mirror.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "support/tuf_bench.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/tree_source.hpp"
#include "web_server.hpp"

#include <optional>

using namespace livepatch;
using namespace std::chrono_literals;
using conformance::WebServer;
using mirror::HttpSource;
using Strings = std::vector<std::string>;
namespace tuf = trust::tuf;

namespace {

// Who mirrors a repository with one large module; each run is a program that starts anew.
struct Host {
    support::TufRepository repository;
    WebServer server;
    support::TemporaryDirectory directory;
    std::string anchor = repository.files.at("metadata/1.root.json");
    std::string module = std::string(300'000, 'm') + "end";
    tuf::Time now = *tuf::parse_time(support::tuf_today);
    std::string etag;

    Host() {
        repository.add_target("modules/a.ko", module);
        repository.publish();
        server.serve(repository.files);
    }

    std::filesystem::path tree() const { return directory.path() / "mirror"; }

    std::string module_file() const { return "modules/" + base::sha256(module) + ".a.ko"; }

    std::string module_page() const { return "targets/" + module_file(); }

    // "ok", or the error in words.
    std::string run() {
        auto store = tuf::Store::open(
            {.metadata = directory.path() / "state", .memory = directory.path() / "state.json"}
        );
        if (!store)
            return base::describe(store.error());
        HttpSource web(
            HttpSource::below(server.url()),
            {.allow_http = true},
            {.to_connect = 60s, .below_least_speed = 60s, .in_all = 60s} // busy machines, too
        );
        web.know_etag(etag);
        auto mirrored = mirror::Mirror::refreshed(
            {.subject = "anchor", .bytes = anchor},
            {.web = web, .store = *store, .tree = mirror::MirrorTree(tree()), .now = now}
        );
        if (!mirrored)
            return base::describe(mirrored.error());
        for (auto const& [path, target] : (*mirrored)->client().targets().targets)
            if (auto good = (*mirrored)->fetch(target); !good)
                return base::describe(good.error());
        if (auto good = (*mirrored)->publish(); !good)
            return base::describe(good.error());
        if (auto good = (*mirrored)->remove_others(); !good)
            return base::describe(good.error());
        etag = web.etag();
        return "ok";
    }

    // What a daemon finds in the mirror, or why it does not believe it.
    std::string seen_by_daemon() const {
        support::TemporaryDirectory own;
        tuf::TreeSource source(tree());
        auto store = tuf::Store::open(
            {.metadata = own.path() / "metadata", .memory = own.path() / "state.json"}
        );
        auto client = tuf::Client::refreshed(
            {.subject = "anchor", .bytes = anchor},
            {.store = *store, .source = source, .now = now, .limits = {}}
        );
        if (!client)
            return base::describe(client.error());
        auto const target = client->find("modules/a.ko");
        if (!target)
            return base::describe(target.error());
        std::string got;
        auto const fetched = client->fetch(*target, [&](std::span<std::byte const> bytes) {
            got.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
            return base::Result<void>();
        });
        if (!fetched)
            return base::describe(fetched.error());
        return got == module ? "ok" : "another module";
    }

    Strings parts() const { return base::list_directory(tree() / ".part").value(); }

    void break_off_after(std::size_t bytes) {
        server.script(module_page(), [this, bytes](WebServer::Write const& write) {
            write(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                std::to_string(module.size()) + "\r\n\r\n" + module.substr(0, bytes)
            );
        });
    }

    void serve_rest_from(std::size_t start, std::string const& bytes) {
        server.script(module_page(), [=](WebServer::Write const& write) {
            write(
                "HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Range: bytes " +
                std::to_string(start) + "-\r\nContent-Length: " + std::to_string(bytes.size()) +
                "\r\n\r\n" + bytes
            );
        });
    }
};

std::size_t count(Strings const& requests, std::string const& page) {
    return static_cast<std::size_t>(std::ranges::count(requests, page));
}

} // namespace

TEST_CASE("who has the online keys puts no root into a mirror that stands in the way of the next") {
    Host host;
    REQUIRE(host.run() == "ok");
    auto& repository = host.repository;
    repository.publish();
    auto& snapshot = repository.content["snapshot"];
    snapshot["meta"]["root.json"] = {{"version", 2}};
    auto const name = tuf::versioned_file_name(snapshot["version"].get<std::int64_t>(), "snapshot");
    repository.files["metadata/" + name] =
        support::TufRepository::sign(snapshot, repository.signers["snapshot"]);
    repository.write_timestamp();
    host.server.serve(repository.files);
    host.server.script("metadata/2.root.json", [asked = 0](WebServer::Write const& write) mutable {
        write(WebServer::page(asked++ == 0 ? "404 Not Found" : "200 OK", "junk"));
    });
    CHECK(host.run() == "ok");
    CHECK_FALSE(std::filesystem::exists(host.tree() / "metadata/2.root.json"));
    CHECK(host.seen_by_daemon() == "ok");
}

TEST_CASE("a mirror is a repository that a daemon believes, with every root") {
    Host host;
    for (int i = 0; i < 3; ++i) {
        host.repository.authorise("timestamp", {support::TufKey::ed25519()});
        host.repository.publish_root();
    }
    host.repository.publish();
    host.server.serve(host.repository.files);
    CHECK(host.run() == "ok");
    CHECK(host.seen_by_daemon() == "ok");
    CHECK(
        base::list_directory(host.tree() / "metadata").value() ==
        Strings{
            "1.root.json",
            "2.root.json",
            "3.root.json",
            "3.snapshot.json",
            "3.targets.json",
            "4.root.json",
            "timestamp.json"}
    );
}

TEST_CASE("a poll without news asks for two files, and for no module again") {
    Host host;
    REQUIRE(host.run() == "ok");
    host.server.take_requests();
    REQUIRE(host.run() == "ok");
    CHECK(
        host.server.take_requests() == Strings{"metadata/2.root.json", "metadata/timestamp.json"}
    );
}

TEST_CASE("delegated roles come along, whoever asked for them") {
    Host host;
    host.repository.delegate({.to = "brake", .paths = {"brake.json"}});
    host.repository.add_target("brake.json", "{}", "brake");
    host.repository.publish();
    host.server.serve(host.repository.files);
    CHECK(host.run() == "ok");
    CHECK(std::filesystem::exists(host.tree() / "metadata/1.brake.json"));
}

TEST_CASE("what is not offered any more goes, and parts of it") {
    Host host;
    REQUIRE(host.run() == "ok");
    host.repository.content["targets"]["targets"].erase("modules/a.ko");
    host.repository.publish();
    host.server.serve(host.repository.files);
    std::ofstream(host.tree() / ".part/left-over") << "x";
    CHECK(host.run() == "ok");
    CHECK_FALSE(std::filesystem::exists(host.tree() / "targets" / host.module_file()));
    CHECK(host.parts().empty());
}

TEST_CASE("a download that broke off goes on where it was") {
    Host host;
    host.break_off_after(100'000);
    CHECK(host.run() != "ok");
    CHECK_FALSE(std::filesystem::exists(host.tree() / "metadata/timestamp.json"));
    CHECK(host.parts() == Strings{base::sha256(host.module)});
    host.serve_rest_from(100'000, host.module.substr(100'000));
    CHECK(host.run() == "ok");
    CHECK(host.server.last_head().find("Range: bytes=100000-") != std::string::npos);
    CHECK(host.seen_by_daemon() == "ok");
}

TEST_CASE("a server that cannot go on sends all, and only the rest is taken") {
    Host host;
    host.break_off_after(100'000);
    CHECK(host.run() != "ok");
    host.break_off_after(host.module.size());
    CHECK(host.run() == "ok");
    CHECK(host.seen_by_daemon() == "ok");
}

TEST_CASE("a wrong start, or a wrong rest, is fetched again from the start, once") {
    Host host;
    host.break_off_after(100'000);
    CHECK(host.run() != "ok");
    auto const part = host.tree() / ".part" / base::sha256(host.module);
    std::ofstream(part, std::ios::binary | std::ios::in) << "evil";
    host.break_off_after(host.module.size());
    CHECK(host.run() == "ok");
    CHECK(host.seen_by_daemon() == "ok");

    Host other;
    other.break_off_after(100'000);
    CHECK(other.run() != "ok");
    other.serve_rest_from(100'000, std::string(other.module.size() - 100'000, 'e'));
    other.server.take_requests();
    CHECK(other.run() != "ok");
    CHECK(count(other.server.take_requests(), other.module_page()) == 2);
}

TEST_CASE("a module that was exchanged is not kept, and nothing of it is shown") {
    Host host;
    auto evil = host.module;
    evil.back() = 'x';
    host.server.script(host.module_page(), [=](WebServer::Write const& write) {
        write(WebServer::page("200 OK", evil));
    });
    CHECK(host.run().find("its hash is not the signed one") != std::string::npos);
    CHECK(host.parts().empty());
    CHECK_FALSE(std::filesystem::exists(host.tree() / "metadata/timestamp.json"));
}

TEST_CASE("endless data where a module should be is ended at its length") {
    Host host;
    host.server.script(host.module_page(), [](WebServer::Write const& write) {
        write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        std::string const some(65'536, 'm');
        while (write(some)) {
        }
    });
    CHECK(host.run().find("longer than") != std::string::npos);
    CHECK(host.parts().empty());
}

TEST_CASE("a server that replays what is old changes nothing in the mirror") {
    Host host;
    auto const old = host.repository.files;
    host.repository.publish();
    host.server.serve(host.repository.files);
    REQUIRE(host.run() == "ok");
    auto const before = base::read_file(host.tree() / "metadata/timestamp.json").value();
    host.server.serve(old);
    CHECK(host.run() != "ok");
    CHECK(base::read_file(host.tree() / "metadata/timestamp.json").value() == before);
    CHECK(host.seen_by_daemon() == "ok");
}

TEST_CASE("a root that somebody put into the mirror is fetched again") {
    Host host;
    host.repository.publish_root();
    host.repository.publish();
    host.server.serve(host.repository.files);
    REQUIRE(host.run() == "ok");
    std::ofstream(host.tree() / "metadata/2.root.json") << "evil";
    CHECK(host.run() == "ok");
    CHECK(host.seen_by_daemon() == "ok");
}
