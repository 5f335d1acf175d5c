#include "base/sha256.hpp"
#include "engine/state_file.hpp"
#include "engine/state_keeper.hpp"
#include "support/catch.hpp"
#include "support/simulated_clock.hpp"
#include "support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace livepatch;
using engine::Hold;
using engine::LoadRecord;
using engine::Stage;
using engine::State;
using engine::StateFile;
using engine::StateKeeper;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

engine::Time at(long seconds) {
    return engine::Time(std::chrono::seconds(seconds));
}

State example() {
    State state;
    for (auto const stage :
         {Stage::intended, Stage::loaded, Stage::enabled, Stage::reverting, Stage::replaced})
        state.put(LoadRecord{
            .name = "lp_" + std::to_string(static_cast<int>(stage)),
            .id = "id",
            .sha256 = std::string(64, 'a'),
            .build_id = "bb",
            .source = "source",
            .signer = "sign\"er\n",
            .boot_id = "boot",
            .stage = stage,
            .at = at(1'767'225'600),
            .replaced_by = "other",
            .file = "lp-1.ko",
            .priority = 60,
            .replace = module::Replace::yes});
    state.put(Hold{
        .sha256 = std::string(64, 'c'), .name = "lp", .reason = "näh\x1b", .since = at(1)});
    state.put(Hold{.id = "FIX-1", .sha256 = {}, .name = "lp", .reason = "mine", .since = at(3)});
    state.pins.push_back(
        {.name = "lp",
         .id = "FIX-0",
         .sha256 = std::string(64, 'd'),
         .source = "source",
         .file = "lp-0.ko",
         .lineage = true,
         .since = at(4)}
    );
    state.pause = engine::Pause{.reason = "why", .since = at(5)};
    return state;
}

std::string content(fs::path const& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// The state after one hold more, of that digest.
State with_hold(State state, std::string sha256) {
    state.put(Hold{.sha256 = std::move(sha256), .name = "lp", .reason = "", .since = at(2)});
    return state;
}

} // namespace

TEST_CASE("what is saved is what is loaded") {
    support::TemporaryDirectory const directory;
    CHECK(StateFile(directory.path()).load().problem.empty()); // no file is an empty state
    REQUIRE(StateFile(directory.path()).save(example()));
    auto const loaded = StateFile(directory.path()).load();
    CHECK(loaded.problem.empty());
    REQUIRE(loaded.state.loads.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        auto const& load = loaded.state.loads[i];
        CHECK(load.name == example().loads[i].name);
        CHECK(load.stage == example().loads[i].stage);
        CHECK(load.signer == "sign\"er\n");
        CHECK(load.boot_id == "boot");
        CHECK(load.at == at(1'767'225'600));
        CHECK(load.replaced_by == "other");
        CHECK(load.file == "lp-1.ko");
        CHECK(load.priority == 60);
        CHECK(load.replace == module::Replace::yes);
    }
    REQUIRE(loaded.state.holds.size() == 2);
    CHECK(loaded.state.holds[0].reason == "näh\x1b");
    CHECK(loaded.state.holds[0].since == at(1));
    CHECK(loaded.state.find_hold_of("FIX-1", "lp")->reason == "mine");
    CHECK(loaded.state.find_hold("") == nullptr);
    REQUIRE(loaded.state.pins.size() == 1);
    auto const* pin = loaded.state.find_pin(std::string(64, 'd'));
    REQUIRE(pin != nullptr);
    CHECK((pin->name == "lp" && pin->id == "FIX-0" && pin->source == "source"));
    CHECK((pin->file == "lp-0.ko" && pin->lineage && pin->since == at(4)));
    REQUIRE(loaded.state.pause);
    CHECK((loaded.state.pause->reason == "why" && loaded.state.pause->since == at(5)));
}

TEST_CASE("what the crash guard has to know is saved") {
    support::TemporaryDirectory const directory;
    auto state = example();
    state.loads[0].kernel = "vmlinux";
    state.loads[0].machine_id = "machine";
    state.loads[0].proving = true;
    state.loads[1].first = true;
    state.put(engine::Quarantine{
        .sha256 = "aa",
        .name = "lp",
        .id = "FIX-1",
        .cause = engine::Quarantine::Cause::stall,
        .reason = "why",
        .boot_id = "boot",
        .since = at(6),
        .evidence = {"one", "two\x1b"}});
    state.put(engine::GoodVerdict{.sha256 = "bb", .kernel = "vmlinux", .since = at(7)});
    state.put(engine::GoodVerdict{
        .sha256 = "bb",
        .kernel = "vmlinux",
        .since = at(9),
        .name = "lp",
        .id = "FIX-1",
        .source = "corp",
        .file = "lp.ko",
        .priority = 70,
        .replace = module::Replace::yes});
    state.seen.emplace("cc", at(8));
    state.unclean_boots = 2;
    state.boot_loop = true;
    state.judged_boot = "boot";
    REQUIRE(StateFile(directory.path()).save(state));
    auto const loaded = StateFile(directory.path()).load().state;
    CHECK((loaded.loads[0].kernel == "vmlinux" && loaded.loads[0].machine_id == "machine"));
    CHECK((loaded.loads[0].proving && !loaded.loads[0].first));
    CHECK((!loaded.loads[1].proving && loaded.loads[1].first));
    auto const* quarantine = loaded.find_quarantine("aa");
    REQUIRE(quarantine != nullptr);
    CHECK((quarantine->name == "lp" && quarantine->id == "FIX-1" && quarantine->reason == "why"));
    CHECK(quarantine->cause == engine::Quarantine::Cause::stall);
    CHECK((quarantine->boot_id == "boot" && quarantine->since == at(6)));
    CHECK(quarantine->evidence == std::vector<std::string>{"one", "two\x1b"});
    CHECK(loaded.is_good("bb", "vmlinux"));
    CHECK_FALSE(loaded.is_good("bb", "another"));
    REQUIRE(loaded.good.size() == 1);
    auto const& good = loaded.good[0];
    CHECK((good.since == at(7) && good.name == "lp" && good.id == "FIX-1"));
    CHECK((good.source == "corp" && good.file == "lp.ko" && good.priority == 70));
    CHECK(good.replace == module::Replace::yes);
    CHECK(loaded.seen.at("cc") == at(8));
    CHECK((loaded.unclean_boots == 2 && loaded.boot_loop && loaded.judged_boot == "boot"));
}

TEST_CASE("the file is as documented, and for root only") {
    support::TemporaryDirectory const directory;
    StateFile file(directory.path());
    REQUIRE(file.save(example()));
    REQUIRE(file.save(example()));
    auto const json = nlohmann::json::parse(content(directory.path() / "state.json"));
    CHECK(json.at("schema") == 3);
    CHECK(json.at("generation") == 2);
    CHECK(json.at("sha256").get<std::string>().size() == 64);
    CHECK(json.at("state").at("loads").size() == 5);
    CHECK(json.at("state").at("holds").size() == 2);
    CHECK(json.at("state").at("pins").size() == 1);
    CHECK(json.at("state").at("pause").at("reason") == "why");
    auto const mode = fs::status(directory.path() / "state.json").permissions();
    CHECK(mode == (fs::perms::owner_read | fs::perms::owner_write));
    StateFile again(directory.path());
    again.load();
    REQUIRE(again.save(example()));
    CHECK(nlohmann::json::parse(content(directory.path() / "state.json")).at("generation") == 3);
}

TEST_CASE("text that is no UTF-8 is saved as well as can be") {
    support::TemporaryDirectory const directory;
    State state;
    state.put(Hold{.sha256 = "a", .name = "lp", .reason = "\xff\xfe", .since = at(2)});
    REQUIRE(StateFile(directory.path()).save(state));
    auto const loaded = StateFile(directory.path()).load();
    CHECK(loaded.problem.empty());
    CHECK(loaded.state.find_hold("a") != nullptr);
}

TEST_CASE("a damaged file is set aside, and the generation before it is used") {
    support::TemporaryDirectory const directory;
    StateFile file(directory.path());
    REQUIRE(file.save(with_hold({}, "first")));
    REQUIRE(file.save(with_hold({}, "second")));
    auto const whole = content(directory.path() / "state.json");
    auto const path = directory.path() / "state.json";

    std::string damaged;
    SECTION("empty") {}
    SECTION("cut off") {
        damaged = whole.substr(0, whole.size() / 2);
    }
    SECTION("a digit changed") {
        damaged = whole;
        damaged[damaged.find("second")] = 'S';
    }
    SECTION("of another schema") {
        damaged = whole;
        damaged.replace(
            damaged.find("\"schema\": 3"), 11, GENERATE("\"schema\": 4", "\"schema\": 0")
        );
    }
    SECTION("another kind of JSON") {
        damaged = GENERATE("[]", "3", "null", "{}", "{\"schema\":3,\"state\":[]}");
    }
    std::ofstream(path) << damaged;

    auto loaded = file.load();
    CHECK(loaded.state.find_hold("first") != nullptr);
    CHECK(loaded.problem.find("using the previous generation") != std::string::npos);
    CHECK(content(directory.path() / "state.json.damaged") == damaged);

    // What was left is not lost before something new is whole.
    REQUIRE(file.save(with_hold({}, "third")));
    CHECK(StateFile(directory.path()).load().state.find_hold("third") != nullptr);
    fs::remove(path);
    loaded = StateFile(directory.path()).load();
    CHECK(loaded.state.find_hold("first") != nullptr);
    CHECK_FALSE(loaded.problem.empty());
}

TEST_CASE("a file of the first schema is read, and rewritten as the present one") {
    // As 0.1.0 wrote it.
    auto const content_of_then = nlohmann::ordered_json::parse(
        R"({"loads":[{"name":"lp","id":"lp","sha256":"aa","build_id":"","source":"vendor",
        "signer":"","boot_id":"boot","stage":"enabled","at":1,"replaced_by":""}],
        "holds":[{"sha256":"bb","name":"lp_2","reason":"reverted","since":2}]})"
    );
    support::TemporaryDirectory const directory;
    nlohmann::ordered_json const file{
        {"schema", 1},
        {"generation", 7},
        {"sha256", base::sha256(content_of_then.dump())},
        {"state", content_of_then}};
    directory.write("state.json", file.dump(2));
    StateFile state_file(directory.path());
    auto const loaded = state_file.load();
    CHECK(loaded.problem.empty());
    REQUIRE(loaded.state.find_load("lp", "boot") != nullptr);
    CHECK(loaded.state.find_load("lp", "boot")->replace == module::Replace::unknown);
    CHECK(loaded.state.find_load("lp", "boot")->priority == 50);
    REQUIRE(loaded.state.find_hold("bb") != nullptr);
    CHECK(loaded.state.find_hold("bb")->id.empty());
    CHECK((loaded.state.pins.empty() && !loaded.state.pause));
    REQUIRE(state_file.save(loaded.state));
    auto const now = nlohmann::json::parse(content(directory.path() / "state.json"));
    CHECK(now.at("schema") == 3);
    CHECK(now.at("generation") == 8);
    CHECK(StateFile(directory.path()).load().state.find_hold("bb") != nullptr);
}

TEST_CASE("a file that lost any one of its bytes is never believed, nor harms") {
    support::TemporaryDirectory const directory;
    StateFile file(directory.path());
    REQUIRE(file.save(example()));
    auto const whole = content(directory.path() / "state.json");
    fs::remove(directory.path() / "state.json.previous");
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto damaged = whole;
        if (i % 2 == 0)
            damaged.erase(i, 1);
        else
            damaged[i] = static_cast<char>(damaged[i] ^ 1);
        directory.write("state.json", damaged);
        auto const loaded = StateFile(directory.path()).load();
        if (!loaded.problem.empty())
            continue; // and empty
        // White space, or outside what the checksum covers.
        INFO("byte " << i << " of " << whole.size());
        CHECK(loaded.state.loads.size() == 5);
        CHECK(loaded.state.holds.size() == 2);
        CHECK(loaded.state.pins.size() == 1);
        CHECK(loaded.state.pause);
    }
}

TEST_CASE("a state whose checksum is right and whose content is not is refused") {
    auto const break_it = GENERATE(
        R"({"loads":{},"holds":[],"pins":[]})",
        R"({"loads":[],"holds":[]})",
        R"({"loads":[],"holds":[],"pins":[{}],"pause":null})",
        R"({"loads":[],"holds":[],"pins":[],"pause":{"reason":7,"since":1}})",
        R"({"loads":[],"holds":[],"pins":[],"pause":[]})",
        R"({"loads":[],"holds":[{"id":3,"sha256":"","name":"","reason":"","since":0}],"pins":[],"pause":null})"
    );
    support::TemporaryDirectory const directory;
    auto const state = nlohmann::ordered_json::parse(break_it);
    directory.write(
        "state.json",
        nlohmann::ordered_json{
            {"schema", 2},
            {"generation", 1},
            {"sha256", base::sha256(state.dump())},
            {"state", state}}
            .dump()
    );
    auto const loaded = StateFile(directory.path()).load();
    CHECK_FALSE(loaded.problem.empty());
    CHECK(loaded.state.holds.empty());
    CHECK(fs::exists(directory.path() / "state.json.damaged"));
}

TEST_CASE("when both generations are damaged the state is empty, and that is said") {
    support::TemporaryDirectory const directory;
    directory.write("state.json", "x");
    directory.write("state.json.previous", "y");
    auto const loaded = StateFile(directory.path()).load();
    CHECK(loaded.state.holds.empty());
    CHECK(loaded.problem.find("starting without holds and records") != std::string::npos);
    CHECK(loaded.state.lost);
}

TEST_CASE("that the state was lost is remembered, and a fresh host has lost nothing") {
    support::TemporaryDirectory const directory;
    CHECK_FALSE(StateFile(directory.path()).load().state.lost);
    State state;
    state.lost = GENERATE(false, true);
    REQUIRE(StateFile(directory.path()).save(state));
    CHECK(StateFile(directory.path()).load().state.lost == state.lost);
}

TEST_CASE("a file that the disk does not give is not damaged, and saving leaves it a name") {
    support::TemporaryDirectory const directory;
    StateFile file(directory.path());
    REQUIRE(file.save(with_hold({}, "first")));
    auto const whole = content(directory.path() / "state.json");
    rlimit old{};
    ::getrlimit(RLIMIT_NOFILE, &old);
    rlimit const none{0, old.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    auto const loaded = file.load();
    ::setrlimit(RLIMIT_NOFILE, &old);
    CHECK(loaded.state.lost);
    CHECK_FALSE(loaded.problem.empty());
    CHECK_FALSE(fs::exists(directory.path() / "state.json.damaged"));
    CHECK(content(directory.path() / "state.json") == whole);
    REQUIRE(file.save(loaded.state));
    REQUIRE(file.save(loaded.state));
    CHECK(content(directory.path() / "state.json.unread") == whole);
}

TEST_CASE("a stage of a later version is taken for loaded") {
    support::TemporaryDirectory const directory;
    StateFile file(directory.path());
    State state;
    state.put(example().loads[2]);
    REQUIRE(file.save(state));
    auto json = nlohmann::ordered_json::parse(content(directory.path() / "state.json"));
    json["state"]["loads"][0]["stage"] = "probation";
    // The checksum is for accidents: whoever writes the file may write it, too.
    auto const text = json["state"].dump();
    directory.write("state.json", json.dump());
    CHECK_FALSE(file.load().problem.empty());
    CHECK(text.find("probation") != std::string::npos);
}

TEST_CASE("when the file cannot be written the old one stands, and the error names it") {
    support::TemporaryDirectory const directory;
    StateFile file(directory.path());
    REQUIRE(file.save(with_hold({}, "first")));
    SECTION("something is in the way") {
        fs::create_directory(directory.path() / ".state.json.new");
        auto const saved = file.save(with_hold({}, "second"));
        REQUIRE(saved.has_error());
        CHECK(saved.error().os_error == EISDIR);
        CHECK(saved.error().subject.ends_with(".state.json.new"));
    }
    SECTION("the disk is full") {
        // A limit on the size of files, as near as one gets without a file system of one's own.
        auto const before = std::signal(SIGXFSZ, SIG_IGN);
        rlimit old{};
        ::getrlimit(RLIMIT_FSIZE, &old);
        rlimit const tiny{16, old.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &tiny);
        auto const saved = file.save(with_hold({}, "second"));
        ::setrlimit(RLIMIT_FSIZE, &old);
        std::signal(SIGXFSZ, before);
        REQUIRE(saved.has_error());
        CHECK(saved.error().os_error == EFBIG);
    }
    auto const loaded = StateFile(directory.path()).load();
    CHECK(loaded.problem.empty());
    CHECK(loaded.state.find_hold("first") != nullptr);
    CHECK(loaded.state.find_hold("second") == nullptr);
    fs::remove_all(directory.path() / ".state.json.new");
    REQUIRE(file.save(with_hold({}, "second"))); // and it recovers
    CHECK(StateFile(directory.path()).load().state.find_hold("second") != nullptr);
}

TEST_CASE("a previous generation that cannot be kept does not keep the new one from being saved") {
    support::TemporaryDirectory const directory;
    fs::create_directories(directory.path() / "state.json.previous/in the way");
    StateFile file(directory.path());
    REQUIRE(file.save(with_hold({}, "first")));
    REQUIRE(file.save(with_hold({}, "second")));
    CHECK(StateFile(directory.path()).load().state.find_hold("second") != nullptr);
    CHECK_FALSE(fs::exists(directory.path() / ".state.json.previous.new"));
}

TEST_CASE("state in memory is known for what it is") {
    CHECK(StateFile("/dev/shm").not_persistent()->cause == "lies in memory and is lost at reboot");
    CHECK(StateFile("/nowhere").not_persistent()->os_error == ENOENT);
    CHECK_FALSE(StateFile("/usr").not_persistent());
}

TEST_CASE("a record replaces the one of the same name and boot, a hold keeps the first") {
    State state;
    auto load = example().loads[0];
    state.put(load);
    load.stage = Stage::enabled;
    state.put(load);
    CHECK(state.loads.size() == 1);
    CHECK(state.find_load(load.name, "boot")->stage == Stage::enabled);
    load.boot_id = "next";
    state.put(load);
    CHECK(state.loads.size() == 2);
    state.drop_load(load.name, "boot");
    CHECK(state.find_load(load.name, "boot") == nullptr);

    state.put(Hold{.sha256 = "a", .name = "x", .reason = "first", .since = at(1)});
    state.put(Hold{.sha256 = "a", .name = "x", .reason = "second", .since = at(2)});
    CHECK(state.find_hold("a")->reason == "first");
    CHECK(state.find_hold("") == nullptr);
    CHECK(state.drop_hold("a"));
    CHECK_FALSE(state.drop_hold("a"));
}

namespace {

struct KeeperBench {
    support::TemporaryDirectory directory;
    boost::asio::io_context loop{1};
    support::SimulatedClock clock;
    StateFile file{directory.path()};
    int changes = 0;
    StateKeeper keeper{
        file, base::Worker{loop.get_executor(), loop.get_executor()}, clock, [this] { ++changes; }};

    void run() {
        loop.restart();
        loop.poll();
    }

    unsigned generation() const {
        auto const text = content(directory.path() / "state.json");
        return text.empty() ? 0 : nlohmann::json::parse(text).at("generation").get<unsigned>();
    }
};

} // namespace

TEST_CASE("saves that come while the disk is busy are one write, and all are told") {
    KeeperBench bench;
    int told = 0;
    for (int i = 0; i < 10; ++i) {
        bench.keeper.state() = with_hold(bench.keeper.state(), std::to_string(i));
        bench.keeper.save([&](auto const& saved) {
            REQUIRE(saved);
            ++told;
        });
    }
    bench.run();
    CHECK(told == 10);
    CHECK(bench.generation() == 2);
    CHECK(StateFile(bench.directory.path()).load().state.holds.size() == 10);
    CHECK(bench.changes == 0);
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("a save that failed is tried again until it succeeds") {
    KeeperBench bench;
    fs::create_directory(bench.directory.path() / ".state.json.new");
    bool failed = false;
    bench.keeper.save([&](auto const& saved) { failed = saved.has_error(); });
    bench.run();
    CHECK(failed);
    CHECK(bench.keeper.problem());
    CHECK(bench.changes == 1);
    for (int i = 0; i < 5; ++i) {
        bench.clock.advance_to(bench.clock.now() + StateKeeper::retry_after);
        bench.run();
    }
    CHECK(bench.changes == 1);
    fs::remove(bench.directory.path() / ".state.json.new");
    bench.clock.advance_to(bench.clock.now() + StateKeeper::retry_after);
    bench.run();
    CHECK_FALSE(bench.keeper.problem());
    CHECK(bench.changes == 2);
    CHECK(bench.clock.armed() == 0);
}

TEST_CASE("at the end what no write was made of is written, and nothing else") {
    KeeperBench bench;
    auto const holds = [&] { return StateFile(bench.directory.path()).load().state.holds.size(); };
    bench.keeper.state() = with_hold(bench.keeper.state(), "a");
    bench.keeper.save();
    bench.run();
    auto const generation = bench.generation();
    CHECK(bench.keeper.finish());
    CHECK(bench.generation() == generation);

    bench.keeper.state() = with_hold(bench.keeper.state(), "b");
    SECTION("for the next write to bring along") {
        bench.keeper.save_with_next();
    }
    SECTION("given to the disk, and not done") {
        bench.keeper.save();
    }
    CHECK(holds() == 1);
    CHECK(bench.keeper.finish());
    CHECK(holds() == 2);
}
