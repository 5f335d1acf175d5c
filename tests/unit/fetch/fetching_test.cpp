// What is brought into a mirror, and what is not.
#include "fetch_host.hpp"
#include "mirror/mirror_tree.hpp"

using namespace livepatch;
using support::FetchHost;
using support::ModuleFile;
using WebServer = conformance::WebServer;
using Words = FetchHost::Words;

namespace {

// The server says what its timestamp is called, and does not send it to whoever has it.
void serve_timestamp_with_etag(FetchHost& host) {
    auto const body = host.files().at("metadata/timestamp.json");
    host.server.script("metadata/timestamp.json", [&host, body](WebServer::Write const& write) {
        bool const has_it =
            host.server.last_head().find("If-None-Match: \"one\"") != std::string::npos;
        write(
            has_it ? "HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\nConnection: close\r\n\r\n"
                   : "HTTP/1.1 200 OK\r\nETag: \"one\"\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body
        );
    });
}

void limit_mirror(FetchHost& host, std::uintmax_t bytes) {
    host.directory.write(
        "etc/livepatchd.toml", "[fetch]\nmax_size = \"" + std::to_string(bytes) + "\"\n"
    );
}

} // namespace

TEST_CASE("what is published is fetched, and is what a daemon finds") {
    FetchHost host;
    host.publish_one_and_serve();
    CHECK(host.fetch() == 0);
    INFO(host.said.str());
    CHECK(host.says("corp: fetched LP-1 for 6.1.0-56-amd64 ("));
    CHECK(host.says("corp: here is 1 patch for 1 kernel, good until 2026-06-02T00:00:00Z"));
    CHECK(host.modules() == Words{"LP-1"});
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
}

TEST_CASE("an unchanged poll is two requests and less than 4 KiB, and wakes no daemon") {
    FetchHost host;
    host.publish_one_and_serve();
    serve_timestamp_with_etag(host);
    REQUIRE(host.fetch() == 0);
    auto const before = host.timestamp_stamp();
    host.server.take_requests();
    host.server.take_bytes();
    CHECK(host.fetch() == 0);
    CHECK(host.says("corp: nothing new; good until 2026-06-02T00:00:00Z"));
    CHECK(host.server.take_requests() == Words{"metadata/2.root.json", "metadata/timestamp.json"});
    CHECK(host.server.take_bytes() <= 4096);
    CHECK(host.timestamp_stamp() == before);
}

TEST_CASE("what has not changed expires all the same") {
    FetchHost host;
    host.publish_one_and_serve();
    serve_timestamp_with_etag(host);
    REQUIRE(host.fetch() == 0);
    host.now += std::chrono::hours(48);
    CHECK(host.fetch() == 6);
    CHECK(host.says("expired"));
    CHECK(host.modules() == Words{"LP-1"});
}

TEST_CASE("a name for a timestamp that is not the one that was accepted is forgotten") {
    FetchHost host;
    host.publish_one_and_serve();
    serve_timestamp_with_etag(host);
    REQUIRE(host.fetch() == 0);
    std::filesystem::remove(host.tree() / ".fetch/metadata/timestamp.json");
    CHECK(host.fetch() == 0);
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
}

TEST_CASE("a new patch comes, and the one whose place it takes goes") {
    FetchHost host;
    host.publish_one_and_serve();
    REQUIRE(host.fetch() == 0);
    host.add("LP-2", {.name = "lp_two", .replace = true});
    host.publish_and_serve();
    auto const before = host.timestamp_stamp();
    CHECK(host.fetch() == 0);
    CHECK(host.says("corp: fetched LP-2"));
    CHECK(host.says("LP-1.ko, which is not needed any more"));
    CHECK(host.modules() == Words{"LP-2"});
    CHECK(host.timestamp_stamp() != before);
    // Whoever is in the middle of reading then finds all of what he read of.
    CHECK(host.seen_meanwhile == Words{"LP-1", "LP-2"});
    CHECK(host.seen_by_daemon() == Words{"LP-1 without its module", "LP-2"});
    // Nor are there the catalogue and the metadata of before.
    CHECK(host.catalogues() == Words{"6.1.0-56-amd64"});
    auto const metadata = base::list_directory(host.tree() / "metadata").value();
    CHECK(std::ranges::count_if(metadata, [](auto const& file) {
              return file.ends_with(".snapshot.json");
          }) == 1);
}

TEST_CASE("what is withdrawn or braked is not fetched, and goes") {
    FetchHost host;
    host.publish_one_and_serve();
    REQUIRE(host.fetch() == 0);
    SECTION("withdrawn") {
        host.must("withdraw", {"LP-1", "--reason", "it hurts"});
        host.must("publish");
    }
    SECTION("braked") {
        host.must("brake", {"LP-1"});
    }
    host.serve();
    CHECK(host.fetch() == 0);
    CHECK(host.modules().empty());
    CHECK(host.seen_by_daemon().empty());
    CHECK_FALSE(std::filesystem::exists(host.tree() / "targets/modules"));
}

TEST_CASE("a module that came with a run that was killed is told of by the next one") {
    FetchHost host;
    host.publish_one_and_serve();
    REQUIRE(host.fetch() == 0);
    auto const module = host.tree() / "targets" / "modules/x86_64" / FetchHost::release;
    for (auto const& entry : std::filesystem::directory_iterator(module))
        std::filesystem::last_write_time(
            entry.path(), host.timestamp_stamp() + std::chrono::seconds(5)
        );
    auto const before = host.timestamp_stamp();
    CHECK(host.fetch() == 0);
    CHECK(host.timestamp_stamp() != before);
}

TEST_CASE("a disk that does not take a module keeps nobody from being told, and is tidied up") {
    FetchHost host;
    host.publish_one_and_serve();
    REQUIRE(host.fetch() == 0);
    host.must("withdraw", {"LP-1", "--reason", "it hurts"});
    host.add("LP-2", {.name = "lp_two"});
    host.publish_and_serve();
    auto const page = std::filesystem::path(host.page_of_module("LP-2")).filename().string();
    auto const part = host.tree() / ".part" / page.substr(0, page.find('.'));
    std::filesystem::create_directories(part); // where the file would be put together
    CHECK(host.fetch() == 1);
    CHECK(host.says("Is a directory"));
    CHECK(host.seen_by_daemon() == Words{"LP-2 without its module"});
    CHECK(host.modules().empty());

    std::filesystem::remove_all(part);
    CHECK(host.fetch() == 0);
    CHECK(host.seen_by_daemon() == Words{"LP-2"});
}

TEST_CASE("keys that are exchanged are followed, and told") {
    FetchHost host;
    host.publish_one_and_serve();
    REQUIRE(host.fetch() == 0);
    for (auto const* role : {"online", "targets"})
        host.must("rotate", {role, "--no-passphrase"});
    host.must("publish");
    host.serve();
    CHECK(host.fetch() == 0);
    CHECK(host.says("corp: its owner has made root.json version "));
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
}

TEST_CASE("a patch is not fetched before the rollout reaches this host, and is there in time") {
    FetchHost host;
    host.publish_one_and_serve();
    host.add("LP-2", {.name = "lp_two", .replace = true});
    host.must("rollout", {"LP-2", "default=12h:100"});
    host.publish_and_serve();
    CHECK(host.fetch() == 0);
    CHECK(host.modules() == Words{"LP-1"});
    CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2 without its module"});
    host.now += std::chrono::hours(9);
    CHECK(host.fetch() == 0);
    CHECK(host.modules() == Words{"LP-1"});
    // Until its turn the old one is still needed.
    host.now += std::chrono::hours(2);
    auto const before = host.timestamp_stamp();
    CHECK(host.fetch() == 0);
    CHECK(host.modules() == Words{"LP-1", "LP-2"});
    CHECK(host.timestamp_stamp() != before);
    host.now += std::chrono::hours(2);
    CHECK(host.fetch() == 0);
    CHECK(host.modules() == Words{"LP-2"});
}

TEST_CASE("which hosts are the first is decided before the download, as the daemon does") {
    FetchHost host;
    host.publish_one_and_serve();
    host.add("LP-2", {.name = "lp_two", .replace = true});
    host.must("rollout", {"LP-2", "default=0h:50"});
    host.publish_and_serve();
    int reached = 0;
    for (int i = 0; i < 8; ++i) {
        host.machine_id = std::string(31, '0') + std::to_string(i);
        std::filesystem::remove_all(host.path("mirror"));
        REQUIRE(host.fetch() == 0);
        repository::Rollout const half{
            .rings = {{"default", {{.at = repository::Time(), .percent = 50}}}}};
        repository::RolloutPlan const plan(
            half, "default", repository::rollout_place(host.machine_id, "corp", "LP-2")
        );
        CHECK((host.modules() == Words{"LP-2"}) == plan.reaches(host.now));
        reached += plan.reaches(host.now) ? 1 : 0;
    }
    CHECK(reached > 0);
    CHECK(reached < 8);
}

TEST_CASE("for every kernel that is installed, or for the running one alone") {
    FetchHost host;
    host.publish_one();
    host.add("LP-1", {.name = "lp_next", .release = "6.1.0-57-amd64"});
    host.add("LP-1", {.name = "lp_other", .release = "6.1.0-58-amd64"});
    host.must("publish");
    std::filesystem::copy_file(host.repo() / "metadata/1.root.json", host.path("root.json"));
    host.serve();
    host.install("6.1.0-57-amd64");
    CHECK(host.fetch() == 0);
    CHECK(host.catalogues() == Words{"6.1.0-56-amd64", "6.1.0-57-amd64"});
    CHECK(host.modules() == Words{"LP-1", "LP-1"});
    CHECK(host.says("2 patches for 2 kernels"));
    SECTION("one that is removed takes its patches along") {
        std::filesystem::remove(host.path("modules/6.1.0-57-amd64"));
    }
    SECTION("the running one alone") {
        host.directory.write("etc/livepatchd.toml", "[fetch]\nkernels = \"running\"\n");
    }
    CHECK(host.fetch() == 0);
    CHECK(host.catalogues() == Words{"6.1.0-56-amd64"});
    CHECK(host.modules() == Words{"LP-1"});
}

TEST_CASE("nothing is published for the running kernel: its metadata is here") {
    FetchHost host;
    host.must("init", {"--no-passphrase"});
    host.add("LP-1", {.name = "lp_next", .release = "6.1.0-57-amd64"});
    host.must("publish");
    std::filesystem::copy_file(host.repo() / "metadata/1.root.json", host.path("root.json"));
    host.serve();
    CHECK(host.fetch() == 0);
    CHECK(host.modules().empty());
    CHECK(host.says("here are 0 patches for 0 kernels"));
}

TEST_CASE("there is no room for more than max_size") {
    FetchHost host;
    host.publish_one_and_serve();
    host.add("LP-2", {.name = "lp_two"});
    host.publish_and_serve();
    REQUIRE(host.fetch() == 0);
    auto const all = mirror::MirrorTree(host.tree()).size();
    std::filesystem::remove_all(host.tree());
    limit_mirror(host, all - 1);
    CHECK(host.fetch() == 1);
    CHECK(host.says("no room for it"));
    CHECK(host.says("raise max_size in the table [fetch] of livepatchd.toml"));
    CHECK(host.modules() == Words{"LP-1"});
    CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2 without its module"});
    CHECK(host.slept.empty()); // nobody else could do better
    limit_mirror(host, all);
    CHECK(host.fetch() == 0);
    CHECK(host.modules() == Words{"LP-1", "LP-2"});
    limit_mirror(host, 1000);
    CHECK(host.fetch() == 1);
    CHECK(host.modules() == Words{"LP-1", "LP-2"});
}

TEST_CASE("what nobody can judge stays, as far as there is room for it") {
    FetchHost host;
    host.publish_one_and_serve();
    host.add("LP-1", {.name = "lp_next", .release = "6.1.0-57-amd64"});
    host.publish_and_serve();
    host.install("6.1.0-57-amd64");
    REQUIRE(host.fetch() == 0);
    REQUIRE(host.modules() == Words{"LP-1", "LP-1"});
    // The next catalogue of one kernel is not there, so which of its modules are needed is not
    // known.
    host.add("LP-2", {.name = "lp_two"});
    host.add("LP-2", {.name = "lp_next_two", .release = "6.1.0-57-amd64"});
    host.must("publish");
    auto files = host.files();
    std::erase_if(files, [](auto const& file) {
        return file.first.find("catalog/") != std::string::npos &&
               file.first.find("6.1.0-57-amd64") != std::string::npos;
    });
    host.server.serve(files);
    CHECK(host.fetch() != 0);
    CHECK(host.modules() == Words{"LP-1", "LP-1", "LP-2"});
    limit_mirror(host, mirror::MirrorTree(host.tree()).size() - 1);
    CHECK(host.fetch() != 0);
    INFO(host.said.str());
    CHECK(host.modules() == Words{"LP-1", "LP-2"});
    CHECK(host.seen_by_daemon() == Words{"LP-1", "LP-2"});
}

TEST_CASE("what is not counted when room is made for it is not over the size either") {
    FetchHost host;
    host.publish_one_and_serve();
    host.add("LP-1", {.name = "lp_next", .release = "6.1.0-57-amd64"});
    host.publish_and_serve();
    host.install("6.1.0-57-amd64");
    REQUIRE(host.fetch() == 0);
    limit_mirror(host, mirror::MirrorTree(host.tree()).size());
    // Half of another module.
    host.directory.write("mirror/corp/.part/half", std::string(1 << 20U, 'x'));
    auto files = host.files();
    std::erase_if(files, [](auto const& file) {
        return file.first.find("catalog/") != std::string::npos &&
               file.first.find("6.1.0-57-amd64") != std::string::npos;
    });
    host.server.serve(files);
    (void)host.fetch();
    INFO(host.said.str());
    CHECK(host.modules() == Words{"LP-1", "LP-1"});
}

TEST_CASE("a server that is out takes nothing away, also where there is more than may be") {
    FetchHost host;
    host.publish_one_and_serve();
    host.add("LP-1", {.name = "lp_next", .release = "6.1.0-57-amd64"});
    host.publish_and_serve();
    host.install("6.1.0-57-amd64");
    REQUIRE(host.fetch() == 0);
    limit_mirror(host, mirror::MirrorTree(host.tree()).size() - 1);
    host.add("LP-2", {.name = "lp_next_two", .release = "6.1.0-57-amd64"});
    host.publish_and_serve();
    for (auto const& [file, bytes] : host.files())
        if (file.ends_with("6.1.0-57-amd64.json"))
            host.server.script(file, [](conformance::WebServer::Write const& write) {
                write(conformance::WebServer::page("503 busy", ""));
            });
    CHECK(host.fetch() == 1);
    CHECK(host.modules() == Words{"LP-1", "LP-1"});
}

TEST_CASE("where there is room for no module, all catalogues are there") {
    FetchHost host;
    host.publish_one_and_serve();
    host.add("LP-1", {.name = "lp_next", .release = "6.1.0-57-amd64"});
    host.publish_and_serve();
    host.install("6.1.0-57-amd64");
    REQUIRE(host.fetch() == 0);
    auto room = mirror::MirrorTree(host.tree()).size();
    for (auto const& entry : std::filesystem::recursive_directory_iterator(host.tree() / "targets"))
        if (entry.path().extension() == ".ko")
            room -= entry.file_size();
    std::filesystem::remove_all(host.tree());
    limit_mirror(host, room);
    CHECK(host.fetch() == 1);
    CHECK(host.says("no room for it"));
    CHECK(host.catalogues() == Words{"6.1.0-56-amd64", "6.1.0-57-amd64"});
}

TEST_CASE("one source that is bad does not stop the others, and each has its mirror") {
    FetchHost host;
    host.publish_one_and_serve();
    host.write_source("a-bad", host.server.url("none"), "allow_http = true\n");
    host.directory.write("etc/repos.d/broken.toml", "nonsense\n");
    host.directory.write(
        "etc/repos.d/files.toml", "trust = \"module-signature\"\npath = \"/none\"\n"
    );
    CHECK(host.fetch() == 1);
    CHECK(host.says("broken.toml:1: "));
    CHECK(host.says("a-bad: "));
    CHECK(host.says("there is no repository at"));
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
    CHECK(host.fetch({"--source", "corp"}) == 1); // of the broken one nobody knows what it is
    std::filesystem::remove(host.path("etc/repos.d/broken.toml"));
    CHECK(host.fetch({"--source", "corp"}) == 0);
    CHECK(host.fetch({"--source", "files"}) == 3);
    CHECK(host.fetch({"--source", "none"}) == 3);
    CHECK(host.fetch({"--sauce"}) == 2);
}

TEST_CASE("the mirror of a source that is none any more goes") {
    FetchHost host;
    host.publish_one_and_serve();
    host.write_source("other", host.server.url(), "allow_http = true\n");
    REQUIRE(host.fetch() == 0);
    REQUIRE(host.modules("other") == Words{"LP-1"});
    // Switched off, or broken, it may come back.
    host.write_source("other", host.server.url(), "allow_http = true\nenabled = false\n");
    CHECK(host.fetch() == 0);
    CHECK(host.modules("other") == Words{"LP-1"});
    std::filesystem::remove(host.path("etc/repos.d/other.toml"));
    CHECK(host.fetch() == 0);
    CHECK(host.says("other: removed its mirror"));
    CHECK_FALSE(std::filesystem::exists(host.tree("other")));
    CHECK(host.modules() == Words{"LP-1"});
}

TEST_CASE("what the disk has damaged is fetched anew, though its length is right") {
    FetchHost host;
    host.publish_one_and_serve();
    REQUIRE(host.fetch() == 0);
    auto const* const part = GENERATE("targets/catalog", "targets/modules");
    int damaged = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(host.tree() / part))
        if (entry.is_regular_file()) {
            std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
            file << "XX";
            ++damaged;
        }
    REQUIRE(damaged == 1);
    host.server.take_requests();
    CHECK(host.fetch() == 0);
    CHECK(host.server.take_requests().size() == 3); // beside the two of an unchanged poll
    CHECK(host.seen_by_daemon() == Words{"LP-1"});
}

TEST_CASE("somebody who watches sees how far it is, a journal does not") {
    FetchHost host;
    host.publish_one_and_serve();
    host.style = {.is_terminal = true};
    CHECK(host.fetch() == 0);
    CHECK(host.says("corp: LP-1 for 6.1.0-56-amd64  100 % of "));
    std::filesystem::remove_all(host.path("mirror"));
    host.style = {.is_journal = true};
    CHECK(host.fetch() == 0);
    CHECK_FALSE(host.says("%"));
    CHECK(host.says("<6>corp: fetched LP-1"));
}
