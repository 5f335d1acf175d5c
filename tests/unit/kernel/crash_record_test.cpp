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
        auto const modules =
            kernel::modules_blamed_for_crash({directory.path(), "/nowhere"}, since);
        return std::vector<std::string>(modules.begin(), modules.end());
    };
    CHECK(blamed(long_ago).empty());
    SECTION("where the kernel shows it") {
        write(directory.path() / "dmesg-efi_pstore-170000000001001", crash);
        CHECK(blamed(long_ago) == std::vector<std::string>{"lp_bad"});
        CHECK(blamed(std::chrono::system_clock::now() + 1h).empty()); // of an older crash
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
