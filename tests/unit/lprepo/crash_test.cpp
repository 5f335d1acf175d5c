// The end of the program, or of the room on the disk, at every write of a publication.
#include "publisher.hpp"
#include "support/faulty_disk.hpp"

#include <memory>

using namespace livepatch;
using support::FaultyDisk;
using support::Publisher;

namespace {

// A publisher on the eve of a publication: a second patch, and another online key. Made once, since
// keys are slow to make.
std::unique_ptr<Publisher> on_the_eve() {
    static auto const made = [] {
        auto publisher = std::make_unique<Publisher>();
        publisher->publish_one();
        publisher->add("LP-2");
        publisher->must("rotate", {"online", "--no-passphrase"});
        return publisher;
    }();
    auto publisher = std::make_unique<Publisher>();
    for (auto const* part : {"repo", "repo.keys"})
        std::filesystem::copy(
            made->directory.path() / part,
            publisher->directory.path() / part,
            std::filesystem::copy_options::recursive
        );
    return publisher;
}

std::size_t patches_seen(Publisher& publisher) {
    publisher.must("verify", {"--json"});
    return publisher.json()["patches"].size();
}

// Whoever reads it sees the state before or the new one, or, for a moment while the keys are
// exchanged, nothing at all: never a mixture.
void check_state(Publisher& publisher) {
    auto const status = publisher.call({"verify", publisher.repo().string(), "--json"});
    if (status != 0) {
        CHECK(
            publisher.json()["error"]["message"].get<std::string>().find("timestamp.json") !=
            std::string::npos
        );
        return;
    }
    auto const patches = publisher.json()["patches"].size();
    CHECK((patches == 1 || patches == 2));
}

void crash_at_each_write(FaultyDisk::Fault fault, bool power_cut) {
    std::size_t last = 0;
    {
        auto const publisher = on_the_eve();
        FaultyDisk const disk(publisher->directory.path());
        publisher->must("publish");
        last = disk.calls();
    }
    REQUIRE(last > 20);
    for (std::size_t at = 1; at <= last; ++at) {
        auto const publisher = on_the_eve();
        FaultyDisk disk(publisher->directory.path());
        disk.fail(at, fault);
        publisher->call({"publish", publisher->repo().string()});
        INFO("write " << at << " of " << last << ": " << publisher->err.str());
        disk.heal();
        if (power_cut)
            disk.cut_power();
        check_state(*publisher);
        publisher->must("publish");
        CHECK(patches_seen(*publisher) == 2);
    }
}

} // namespace

TEST_CASE("killed at any write, publish shows no mixture, and succeeds the next time") {
    crash_at_each_write(FaultyDisk::Fault::stop, false);
}

TEST_CASE("with the power cut at any write, too") {
    crash_at_each_write(FaultyDisk::Fault::stop, true);
}

TEST_CASE("a disk that is full at any write is an error, and no more") {
    crash_at_each_write(FaultyDisk::Fault::no_space, false);
}

TEST_CASE("timestamp.json is the last that hosts see of a publication") {
    auto const publisher = on_the_eve();
    FaultyDisk const disk(publisher->directory.path());
    publisher->must("publish");
    auto const& trace = disk.trace();
    auto const at = [&](std::string const& what) {
        return std::find(trace.begin(), trace.end(), what) - trace.begin();
    };
    auto const timestamp = at("rename timestamp.json");
    for (auto const* file :
         {"rename 2.targets.json",
          "rename 2.brake.json",
          "rename 2.snapshot.json",
          "rename 2.root.json"})
        CHECK(at(file) < timestamp);
    for (auto const& step : trace)
        if (step.starts_with("rename ") && step.ends_with(".ko"))
            CHECK(at(step) < at("rename 2.targets.json"));
}
