#include "other_managers.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace livepatch;
namespace fs = std::filesystem;

TEST_CASE("another manager is one whose unit is enabled") {
    support::TemporaryDirectory const directory;
    auto const found = [&] { return daemon::other_managers(directory.path()); };
    CHECK(found().empty());
    CHECK(daemon::other_managers("/nowhere").empty());
    directory.write("kpatch.service", "overridden, and not enabled");
    directory.write("multi-user.target.wants/ssh.service", "");
    CHECK(found().empty());
    fs::create_symlink(
        "/lib/kpatch.service", directory.path() / "multi-user.target.wants/kpatch.service"
    );
    REQUIRE(found().size() == 1);
    CHECK(found()[0].starts_with("kpatch loads livepatches on this host too"));
    CHECK(found()[0].ends_with("systemctl disable kpatch.service"));
}
