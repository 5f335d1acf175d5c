#include "base/directory.hpp"
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <cerrno>

using namespace livepatch;

TEST_CASE("read_file reads up to its limit and not beyond") {
    support::TemporaryDirectory const directory;
    auto const path = directory.write("file", std::string(5000, 'x'));
    CHECK(base::read_file(path).value().size() == 5000);
    CHECK(base::read_file(path, 5000).value().size() == 5000);
    auto const cut = base::read_file(path, 4999);
    REQUIRE(cut.has_error());
    CHECK(cut.error().os_error == EFBIG);
}

TEST_CASE("read_file names a file that is not there") {
    auto const missing = base::read_file("/nonexistent/file");
    REQUIRE(missing.has_error());
    CHECK(missing.error().os_error == ENOENT);
    CHECK(missing.error().subject == "/nonexistent/file");
}

TEST_CASE("read_file reads files without a size") {
    CHECK_FALSE(base::read_file("/proc/self/status").value().empty());
}

TEST_CASE("list_directory sorts by byte and keeps its limit") {
    support::TemporaryDirectory const directory;
    for (auto const* name : {"b", "a", "B"})
        directory.write(name, "");
    CHECK(
        base::list_directory(directory.path()).value() == std::vector<std::string>{"B", "a", "b"}
    );
    CHECK(base::list_directory(directory.path(), 2).error().code == base::Errc::limits_exceeded);
    CHECK(base::list_directory(directory.path() / "missing").error().os_error == ENOENT);
}
