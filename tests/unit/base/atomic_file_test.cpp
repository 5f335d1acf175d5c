#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <sys/stat.h>

using namespace livepatch;

TEST_CASE("replace_file swaps the whole content and leaves nothing else behind") {
    support::TemporaryDirectory const directory;
    auto const path = directory.write("state.json", "old");
    REQUIRE(base::replace_file(path, "new", 0640, base::Durability::power_cut));
    CHECK(base::read_file(path).value() == "new");
    CHECK(base::list_directory(directory.path()).value() == std::vector<std::string>{"state.json"});
    struct stat status = {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0640);
}

TEST_CASE("a write that fails keeps the old content") {
    support::TemporaryDirectory const directory;
    auto const path = directory.path() / "taken";
    std::filesystem::create_directories(path / "child"); // a directory in the way: rename fails
    auto const failed = base::replace_file(path, "new", 0600, base::Durability::power_cut);
    REQUIRE(failed.has_error());
    CHECK(base::list_directory(directory.path()).value() == std::vector<std::string>{"taken"});
}

TEST_CASE("replace_file does not write through a link left in the way") {
    support::TemporaryDirectory const directory;
    auto const victim = directory.write("victim", "mine");
    std::filesystem::create_symlink(victim, directory.path() / ".state.json.new");
    auto const written = base::replace_file(
        directory.path() / "state.json", "x", 0600, base::Durability::until_reboot
    );
    CHECK(written.has_error());
    CHECK(base::read_file(victim).value() == "mine");
}
