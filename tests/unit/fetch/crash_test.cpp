// The end of a run of livepatch-fetch, or of the room on the disk, at every one of its writes.
#include "fetch_host.hpp"
#include "support/faulty_disk.hpp"

using namespace livepatch;
using support::FaultyDisk;
using support::FetchHost;
using Words = FetchHost::Words;
namespace fs = std::filesystem;

namespace {

// A host on the eve of a run, as often as it is wanted.
class Eve {
public:
    FetchHost host;

    // What is there now is what each trial begins with.
    void begin_here() {
        seen_before_ = host.seen_by_daemon();
        copy(host.directory.path(), saved_.path());
    }

    void restore() { copy(saved_.path(), host.directory.path()); }

    Words const& seen_before() const { return seen_before_; }

private:
    static void copy(fs::path const& from, fs::path const& to) {
        for (auto const* part : {"mirror", "daemon"}) {
            fs::remove_all(to / part);
            if (fs::exists(from / part))
                fs::copy(from / part, to / part, fs::copy_options::recursive);
        }
    }

    support::TemporaryDirectory saved_;
    Words seen_before_;
};

using Prepare = void (*)(FetchHost&);

void first_run(FetchHost& host) {
    host.publish_one_and_serve();
}

// More of everything: modules that come and go, a new key, a brake.
void next_run(FetchHost& host) {
    first_run(host);
    host.add("LP-2", {.name = "lp_two"});
    host.publish_and_serve();
    REQUIRE(host.fetch() == 0);
    host.must("rotate", {"online", "--no-passphrase"});
    host.must("withdraw", {"LP-1", "--reason", "hurts"});
    host.add("LP-3", {.name = "lp_three"});
    host.publish_and_serve();
    REQUIRE(host.seen_by_daemon() == Words{"LP-1", "LP-2"});
}

// The names of all that is in the mirror, but what remembers moments.
Words everything(FetchHost const& host) {
    Words names;
    for (auto const& entry : fs::recursive_directory_iterator(host.tree()))
        names.push_back(entry.path().lexically_relative(host.tree()).string());
    std::ranges::sort(names);
    return names;
}

// A state of the repository: the one before, or the one after.
bool is_a_state(Words seen, Words const& before, Words const& after) {
    for (auto& one : seen)
        one = one.substr(0, one.find(" without its module"));
    return seen == before || seen == after;
}

// All of it is refused, and nothing is loaded for it or unloaded: there was none before, the keys
// are exchanged and the timestamp is about to be, or the disk had no room for the kernel's
// catalogue, of which whoever reads it is to know.
bool is_refused(Words const& seen, Words const& before, FaultyDisk::Fault fault) {
    auto const is_error = [](Words const& words) {
        return words.size() == 1 && !words.front().starts_with("LP-");
    };
    auto const says = [&](char const* words) {
        return seen.front().find(words) != std::string::npos;
    };
    return is_error(seen) &&
           (is_error(before) || says("signed by 0 of the 1 keys") ||
            (fault != FaultyDisk::Fault::stop && says("though the signed metadata names it")));
}

void end_at_each_write(Prepare prepare, FaultyDisk::Fault fault, bool power_cut) {
    Eve eve;
    auto& host = eve.host;
    prepare(host);
    eve.begin_here();
    std::size_t last = 0;
    {
        FaultyDisk const disk(host.path("mirror"));
        REQUIRE(host.fetch() == 0);
        last = disk.calls();
    }
    REQUIRE(last > 20);
    auto const seen_after = host.seen_by_daemon();
    auto const all_after = everything(host);
    int refused = 0;
    for (std::size_t at = 1; at <= last; ++at) {
        eve.restore();
        {
            FaultyDisk disk(host.path("mirror"));
            disk.fail(at, fault);
            auto const status = host.fetch();
            INFO("write " << at << " of " << last << ": " << host.said.str());
            if (fault == FaultyDisk::Fault::stop)
                CHECK(status != 0);
            disk.heal();
            if (power_cut)
                disk.cut_power();
        }
        auto const seen = host.seen_by_daemon();
        INFO("write " << at << " of " << last << ": " << seen.front());
        if (is_refused(seen, eve.seen_before(), fault))
            ++refused;
        else
            CHECK(is_a_state(seen, eve.seen_before(), seen_after));
        CHECK(host.fetch() == 0);
        CHECK(host.seen_by_daemon() == seen_after);
        CHECK(everything(host) == all_after); // nothing piles up
    }
    bool const was_there = eve.seen_before().front().starts_with("LP-");
    if (was_there)
        CHECK(
            refused <= (fault == FaultyDisk::Fault::stop ? 5 : 8)
        ); // the writes of one file, or two
}

} // namespace

TEST_CASE("killed at any write of a first run, the next one goes on") {
    end_at_each_write(first_run, FaultyDisk::Fault::stop, false);
}

TEST_CASE("killed at any write, whoever reads the mirror sees a state of the repository") {
    end_at_each_write(next_run, FaultyDisk::Fault::stop, false);
}

TEST_CASE("with the power cut at any write of a first run, the next one goes on") {
    end_at_each_write(first_run, FaultyDisk::Fault::stop, true);
}

TEST_CASE("with the power cut at any write, the mirror is a state of the repository") {
    end_at_each_write(next_run, FaultyDisk::Fault::stop, true);
}

TEST_CASE("a disk that is full at any write loses nothing") {
    end_at_each_write(next_run, FaultyDisk::Fault::no_space, false);
}

TEST_CASE("a write that takes half is gone on with") {
    end_at_each_write(next_run, FaultyDisk::Fault::short_write, false);
}
