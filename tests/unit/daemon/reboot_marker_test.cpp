#include "reboot_marker.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

using namespace livepatch;

namespace {

struct Marker {
    std::filesystem::path path() const { return directory.path() / "reboot-needed"; }

    std::string text() const {
        std::ifstream file(path());
        return {std::istreambuf_iterator<char>(file), {}};
    }

    static report::Report because(std::vector<std::string> reasons) {
        report::Report report;
        report.reboot_reasons = std::move(reasons);
        return report;
    }

    support::TemporaryDirectory directory;
    daemon::RebootMarker marker{path()};
};

} // namespace

TEST_CASE("the marker is there while a reboot is needed, and says why") {
    Marker bench;
    bench.marker.show(Marker::because({"forced: lp_a", "unfixed: \x1b[31m"}));
    CHECK(bench.text() == "forced: lp_a\nunfixed: \\x1b[31m\n");
    struct stat status = {};
    REQUIRE(::stat(bench.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0644U);
    bench.marker.show(Marker::because({"forced: lp_a"}));
    CHECK(bench.text() == "forced: lp_a\n");
    bench.marker.show(Marker::because({}));
    CHECK_FALSE(std::filesystem::exists(bench.path()));
}

TEST_CASE("what an earlier daemon left there is not believed") {
    Marker bench;
    std::ofstream(bench.path()) << "of long ago\n";
    bench.marker.show(Marker::because({}));
    CHECK_FALSE(std::filesystem::exists(bench.path()));
}

TEST_CASE("what cannot be written is tried again") {
    Marker bench;
    std::filesystem::create_directories(bench.path() / "in the way");
    bench.marker.show(Marker::because({"forced: lp_a"}));
    std::filesystem::remove_all(bench.path());
    bench.marker.show(Marker::because({"forced: lp_a"}));
    CHECK(bench.text() == "forced: lp_a\n");
}
