#include "engine/kill_switch.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <filesystem>
#include <string>

using namespace livepatch;
using engine::KillSwitch;
using engine::switches_off;
namespace fs = std::filesystem;

TEST_CASE("the last word of the kernel's command line counts") {
    CHECK(switches_off("root=/dev/vda livepatchd.apply=0 quiet\n"));
    CHECK(switches_off("livepatchd.apply=no"));
    CHECK(switches_off("livepatchd.apply=1 livepatchd.apply=off"));
    CHECK_FALSE(switches_off("livepatchd.apply=0 livepatchd.apply=1"));
    CHECK_FALSE(switches_off("livepatchd.apply=00 livepatchd.apply="));
    CHECK_FALSE(switches_off("xlivepatchd.apply=0"));
    CHECK_FALSE(switches_off(""));
}

TEST_CASE("the file switches off while it exists, whatever it is") {
    support::TemporaryDirectory const directory;
    directory.write("cmdline", "quiet\n");
    auto const file = directory.path() / "disable";
    KillSwitch const kill_switch(file, directory.path() / "cmdline");
    CHECK_FALSE(kill_switch.thrown());
    SECTION("a file") {
        directory.write("disable", "");
    }
    SECTION("a directory") {
        fs::create_directory(file);
    }
    SECTION("a link to nothing") {
        fs::create_symlink("nowhere", file);
    }
    CHECK(kill_switch.thrown() == "switched off by " + file.string());
    fs::remove(file);
    CHECK_FALSE(kill_switch.thrown());
}

TEST_CASE("what cannot be seen may be there") {
    support::TemporaryDirectory const directory;
    std::string const too_long(300, 'x');
    KillSwitch const kill_switch(directory.path() / too_long, directory.path() / "cmdline");
    REQUIRE(kill_switch.thrown());
    CHECK(kill_switch.thrown()->find("cannot be looked for") != std::string::npos);
    CHECK_FALSE(KillSwitch("/nowhere/at/all", "/nowhere").thrown());
}

TEST_CASE("the kernel's argument switches off for good") {
    support::TemporaryDirectory const directory;
    directory.write("cmdline", "livepatchd.apply=0\n");
    KillSwitch const kill_switch(directory.path() / "disable", directory.path() / "cmdline");
    CHECK(kill_switch.thrown() == "switched off by the kernel argument livepatchd.apply=0");
}
