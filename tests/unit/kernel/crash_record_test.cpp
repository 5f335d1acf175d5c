#include "kernel/crash_record.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <fstream>
#include <string>

using namespace livepatch;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

void write(fs::path const& path, std::string const& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
}

constexpr auto crash = "Panic#1 Part1\n"
                       "<1>[   42.000001] BUG: kernel NULL pointer dereference, address: 0000\n"
                       "<4>[   42.000002] Oops: 0002 [#1] PREEMPT SMP NOPTI\n"
                       "<4>[   42.000003] RIP: 0010:lp_bad_show+0x4/0x20 [lp_bad]\n"
                       "<4>[   42.000004] Call Trace:\n"
                       "<4>[   42.000005]  <TASK>\n"
                       "<4>[   42.000006]  seq_read_iter+0x1f4/0x4c0\n"
                       "<4>[   42.000007]  ? other+0x4/0x20 [other]\n"
                       "<4>[   42.000008]  </TASK>\n";

} // namespace

TEST_CASE("a crash's own record names whom it happened to") {
    support::TemporaryDirectory const directory;
    auto const long_ago = std::chrono::system_clock::now() - 1h;
    auto const blamed = [&](auto since) {
        std::vector<std::string> modules;
        for (auto const& [module, lines] :
             kernel::blame_for_crash({directory.path(), "/nowhere"}, since))
            modules.push_back(module);
        return modules;
    };
    CHECK(blamed(long_ago).empty());
    SECTION("where the kernel shows it") {
        write(directory.path() / "dmesg-efi_pstore-170000000001001", crash);
        CHECK(blamed(long_ago) == std::vector<std::string>{"lp_bad"});
        CHECK(blamed(std::chrono::system_clock::now() + 1h).empty()); // of an older crash
        auto const lines = kernel::blame_for_crash({directory.path()}, long_ago).at("lp_bad");
        REQUIRE(lines.size() >= 3);
        CHECK(lines[0] == "BUG: kernel NULL pointer dereference, address: 0000");
        CHECK(lines[2] == "RIP: 0010:lp_bad_show+0x4/0x20 [lp_bad]");
    }
    SECTION("a panic of its own making") {
        write(
            directory.path() / "dmesg-ramoops-0",
            "Panic#1 Part1\n"
            "<0>[   42.000001] Kernel panic - not syncing: lp_bad was told to\n"
            "<4>[   42.000002] CPU: 0 PID: 9 Comm: kworker/0:1 Tainted: G           OE K\n"
            "<4>[   42.000003] Call Trace:\n"
            "<4>[   42.000004]  <TASK>\n"
            "<4>[   42.000005]  dump_stack_lvl+0x44/0x5c\n"
            "<4>[   42.000006]  panic+0x118/0x2ed\n"
            "<4>[   42.000007]  lp_bring_down+0x13/0x20 [lp_bad]\n"
            "<4>[   42.000008]  ? other+0x4/0x20 [other]\n"
        );
        CHECK(blamed(long_ago) == std::vector<std::string>{"lp_bad"});
    }
    SECTION("where systemd-pstore moves it") {
        write(directory.path() / "1700000000/001/dmesg.txt", crash);
        CHECK(blamed(long_ago) == std::vector<std::string>{"lp_bad"});
    }
    SECTION("and nothing else is one") {
        write(directory.path() / "console-ramoops-0", crash);
        write(directory.path() / "a/b/c/dmesg.txt", crash);
        fs::create_symlink("/dev/zero", directory.path() / "dmesg-1");
        CHECK(blamed(long_ago).empty());
    }
}
