// The end of the program, or of the room on the disk, at every write of a refresh.
#include "base/directory.hpp"
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/faulty_disk.hpp"
#include "support/tuf_bench.hpp"
#include "trust/tuf/file_name.hpp"

#include <memory>

using namespace livepatch;
using support::FaultyDisk;
using support::TufBench;
using support::TufKey;
using Strings = std::vector<std::string>;
using Files = std::map<std::string, std::string>;

namespace {

// A client on the eve of a refresh, what it had seen before it, and what it is to see.
struct Eve {
    TufBench bench;
    Files before;
};

using Prepare = std::unique_ptr<Eve> (*)();

std::unique_ptr<Eve> first_refresh() {
    auto eve = std::make_unique<Eve>();
    eve->before = eve->bench.repository.files;
    return eve;
}

std::unique_ptr<Eve> new_versions() {
    auto eve = first_refresh();
    REQUIRE(eve->bench.refresh() == "ok");
    eve->bench.now += std::chrono::hours(1);
    eve->bench.repository.publish();
    return eve;
}

std::unique_ptr<Eve> new_keys() {
    auto eve = new_versions();
    auto& repository = eve->bench.repository;
    for (auto const* role : {"root", "timestamp", "snapshot"})
        repository.authorise(role, {TufKey::ed25519()});
    repository.publish_root();
    repository.publish();
    return eve;
}

std::size_t writes_of(Prepare prepare) {
    auto const eve = prepare();
    FaultyDisk const disk(eve->bench.directory.path());
    REQUIRE(eve->bench.refresh() == "ok");
    return disk.calls();
}

// Every file of the store is one of the repository's, whole.
void check_whole(Eve const& eve) {
    auto const& bench = eve.bench;
    auto const is_in = [](Files const& files, std::string const& bytes) {
        return std::any_of(files.begin(), files.end(), [&](auto const& file) {
            return file.second == bytes;
        });
    };
    for (auto const& name : base::list_directory(bench.paths().metadata).value()) {
        if (!name.ends_with(".json"))
            continue; // what a crash left of a new file
        auto const bytes =
            base::read_file(bench.paths().metadata / name, std::size_t{1} << 24U).value();
        CHECK((is_in(bench.repository.files, bytes) || is_in(eve.before, bytes)));
    }
}

struct Versions {
    int root;
    int timestamp;
    int snapshot;
    int targets;
};

Versions versions(TufBench const& bench) {
    return {
        bench.stored("root"),
        bench.stored("timestamp"),
        bench.stored("snapshot"),
        bench.stored("targets")};
}

// What somebody would like to make of the crash: the state before it, once more.
void check_no_rollback(Eve& eve) {
    auto& bench = eve.bench;
    auto const seen = versions(bench);
    bench.source.serve(eve.before);
    auto const error = bench.refresh();
    auto const now = versions(bench);
    CHECK(now.root >= seen.root);
    CHECK(now.timestamp >= seen.timestamp);
    CHECK(now.snapshot >= seen.snapshot);
    CHECK(now.targets >= seen.targets);
    if (seen.timestamp > 1)
        CHECK(error != "ok");
    bench.source.serve(bench.repository.files);
}

void crash_at_each_write(Prepare prepare, FaultyDisk::Fault fault, bool power_cut) {
    auto const last = writes_of(prepare);
    REQUIRE(last > 10);
    for (std::size_t at = 1; at <= last; ++at) {
        auto const eve = prepare();
        auto& bench = eve->bench;
        FaultyDisk disk(bench.directory.path());
        disk.fail(at, fault);
        auto const error = bench.refresh();
        INFO("write " << at << " of " << last << ": " << error);
        if (fault != FaultyDisk::Fault::short_write)
            CHECK(error.ends_with("No space left on device"));
        disk.heal();
        if (power_cut)
            disk.cut_power();
        if (std::filesystem::exists(bench.paths().metadata))
            check_whole(*eve);
        check_no_rollback(*eve);
        CHECK(bench.refresh() == "ok");
        CHECK(bench.stored("targets") == bench.repository.version_of("targets").get<int>());
        check_whole(*eve);
    }
}

} // namespace

TEST_CASE("killed at any write, a client goes on from where it was") {
    crash_at_each_write(first_refresh, FaultyDisk::Fault::stop, false);
    crash_at_each_write(new_versions, FaultyDisk::Fault::stop, false);
    crash_at_each_write(new_keys, FaultyDisk::Fault::stop, false);
}

TEST_CASE("with the power cut at any write, nothing that was accepted is half there") {
    crash_at_each_write(first_refresh, FaultyDisk::Fault::stop, true);
    crash_at_each_write(new_versions, FaultyDisk::Fault::stop, true);
    crash_at_each_write(new_keys, FaultyDisk::Fault::stop, true);
}

TEST_CASE("a disk that is full at any write is an error, and no more") {
    crash_at_each_write(first_refresh, FaultyDisk::Fault::no_space, false);
    crash_at_each_write(new_versions, FaultyDisk::Fault::no_space, false);
    crash_at_each_write(new_keys, FaultyDisk::Fault::no_space, false);
}

TEST_CASE("a write that takes half is gone on with, and cleaned up when it cannot be") {
    crash_at_each_write(new_versions, FaultyDisk::Fault::short_write, false);
    auto const eve = new_versions();
    FaultyDisk disk(eve->bench.directory.path());
    disk.fail(1, FaultyDisk::Fault::short_write);
    CHECK(eve->bench.refresh().ends_with("No space left on device"));
    CHECK(
        base::list_directory(eve->bench.paths().metadata).value() ==
        Strings{"root.json", "snapshot.json", "targets.json", "timestamp.json"}
    );
}

TEST_CASE("files are synced before they get their name, in the order in which they are accepted") {
    auto const eve = new_versions();
    FaultyDisk const disk(eve->bench.directory.path());
    REQUIRE(eve->bench.refresh() == "ok");
    CHECK(
        disk.trace() ==
        Strings{
            "write .timestamp.json.new",
            "sync .timestamp.json.new",
            "rename timestamp.json",
            "sync metadata/",
            "write .snapshot.json.new",
            "sync .snapshot.json.new",
            "rename snapshot.json",
            "sync metadata/",
            "write .targets.json.new",
            "sync .targets.json.new",
            "rename targets.json",
            "sync metadata/",
            "write .state.json.new",
            "sync .state.json.new",
            "rename state.json",
            "sync corp/"}
    );
}

TEST_CASE("what stolen keys signed is forgotten before the root that says so is stored") {
    auto const eve = new_keys();
    FaultyDisk const disk(eve->bench.directory.path());
    REQUIRE(eve->bench.refresh() == "ok");
    REQUIRE(disk.trace().size() > 7);
    CHECK(
        Strings(disk.trace().begin(), disk.trace().begin() + 7) ==
        Strings{
            "unlink timestamp.json",
            "sync metadata/",
            "unlink snapshot.json",
            "sync metadata/",
            "write .root.json.new",
            "sync .root.json.new",
            "rename root.json"}
    );
}
