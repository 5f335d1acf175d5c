// Where the next daemon goes on in the kernel's log.
#include "base/file.hpp"
#include "log_mark.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <filesystem>
#include <fstream>

using namespace livepatch;
using daemon::LogMark;

TEST_CASE("the mark outlives the daemon, and not the boot") {
    support::TemporaryDirectory const directory;
    auto const path = directory.path() / "kernel-log";
    {
        LogMark mark(path, "boot-1");
        CHECK(mark.next() == 0);
        mark.put(1234);
        mark.put(99); // a report is being printed again
        CHECK(mark.next() == 99);
        mark.put(18446744073709551615U);
    }
    CHECK(LogMark(path, "boot-1").next() == 18446744073709551615U);
    CHECK(LogMark(path, "boot-").next() == 0);
    CHECK(LogMark(path, "boot-2").next() == 0);
    CHECK(base::read_file(path).value() == "boot-1 18446744073709551615\n");
}

TEST_CASE("a mark that is damaged or cannot be kept is none") {
    support::TemporaryDirectory const directory;
    auto const path = directory.path() / "kernel-log";
    for (auto const* text : {"", "boot-1", "boot-1 ", "boot-1 x\n", "boot-1 12", "boot-1 12 \n"}) {
        std::ofstream(path) << text;
        CHECK(LogMark(path, "boot-1").next() == 0);
    }
    LogMark nowhere(directory.path() / "none/kernel-log", "boot-1");
    nowhere.put(7);
    CHECK(nowhere.next() == 7);
}
