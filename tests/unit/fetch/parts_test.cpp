#include "base/file.hpp"
#include "fetch/mirrors.hpp"
#include "fetch/server_book.hpp"
#include "fetch/voice.hpp"
#include "repository/installed_kernels.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <sstream>

using namespace livepatch;
using namespace fetch;
using repository::installed_kernels;
using namespace std::chrono_literals;
using support::TemporaryDirectory;
using Strings = std::vector<std::string>;

namespace {

Time const now = *trust::tuf::parse_time("2026-06-01T00:00:00Z");

} // namespace

TEST_CASE("kernels are the directories of modules, the running one first, then the newest") {
    TemporaryDirectory const directory;
    for (auto const* name : {"6.1.0-9-amd64", "6.1.0-56-amd64", "6.1.0-10-amd64", "not one!"})
        std::filesystem::create_directories(directory.path() / name);
    directory.write("6.1.0-11-amd64", "a file");
    CHECK(
        installed_kernels(directory.path(), "6.1.0-10-amd64") ==
        Strings{"6.1.0-10-amd64", "6.1.0-56-amd64", "6.1.0-9-amd64"}
    );
    // Its modules may be gone already.
    CHECK(installed_kernels(directory.path() / "none", "6.1.0-1") == Strings{"6.1.0-1"});
}

TEST_CASE("what is remembered of servers outlives the run") {
    TemporaryDirectory const directory;
    auto const file = directory.path() / "servers.json";
    auto book = ServerBook::load(file);
    book.remember("https://a", "\"\xff one\"", "timestamp");
    book.rest("https://b", now + 1h);
    REQUIRE(book.save());
    book = ServerBook::load(file);
    CHECK(book.etag("https://a", "timestamp") == "\"\xef\xbf\xbd one\"");
    CHECK(book.etag("https://a", "another one").empty());
    CHECK(book.etag("https://b", "timestamp").empty());
    CHECK(book.rests_until("https://b", now) == now + 1h);
    CHECK_FALSE(book.rests_until("https://b", now + 1h));
    CHECK_FALSE(book.rests_until("https://b", now - 48h)); // the clock was wrong then
    CHECK_FALSE(book.rests_until("https://a", now));
    book.keep({"https://b"});
    CHECK(book.etag("https://a", "timestamp").empty());
    CHECK(book.rests_until("https://b", now));
}

TEST_CASE("what is damaged remembers nothing, and is written anew") {
    auto const* text =
        GENERATE("", "x", "[]", "{\"https://a\": 1}", "{\"https://a\": {\"etag\": 1}}");
    TemporaryDirectory const directory;
    auto book = ServerBook::load(directory.write("servers.json", text));
    CHECK(book.etag("https://a", "").empty());
    book.remember("https://a", "one", "t");
    CHECK(book.save());
    CHECK(ServerBook::load(directory.path() / "servers.json").etag("https://a", "t") == "one");
}

TEST_CASE("nothing new is not written") {
    TemporaryDirectory const directory;
    CHECK(ServerBook::load(directory.path() / "none/servers.json").save());
}

TEST_CASE("mirrors of sources that have a file stay") {
    TemporaryDirectory const directory;
    directory.write("repos.d/a.toml", "");
    directory.write("mirror/a/metadata/timestamp.json", "");
    directory.write("mirror/b/metadata/timestamp.json", "");
    auto const repos = directory.path() / "repos.d";
    CHECK(remove_orphans(directory.path() / "mirror", repos).value() == Strings{"b"});
    CHECK(std::filesystem::exists(directory.path() / "mirror/a/metadata/timestamp.json"));
    CHECK(remove_orphans(directory.path() / "none", repos).value().empty());
    // What cannot be read says nothing of any.
    CHECK(remove_orphans(directory.path() / "mirror", directory.path() / "none").has_error());
    CHECK(std::filesystem::exists(directory.path() / "mirror/a"));
}

TEST_CASE("lines are for logs and terminals, whatever is in them") {
    std::ostringstream out;
    std::ostringstream err;
    Voice voice(out, err, {.is_terminal = true, .is_journal = false});
    voice.progress("a", 1, 200);
    voice.progress("a", 1, 200);
    voice.progress("a", 200, 200);
    voice.say("b\x1b");
    CHECK(err.str() == "\r\033[Ka  0 % of 200 B\r\033[Ka  100 % of 200 B\r\033[K");
    CHECK(out.str() == "b\\x1b\n");
    CHECK(size_text(10'239) == "10239 B");
    CHECK(size_text(260'174) == "254 KiB");
    CHECK(size_text(std::uint64_t{50} << 20U) == "50 MiB");
}
