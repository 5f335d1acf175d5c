#include "base/directory.hpp"
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "trust/tuf/store.hpp"

using namespace livepatch;
using namespace trust::tuf;
using base::Errc;

namespace {

struct Place {
    support::TemporaryDirectory directory;
    Store::Paths paths{
        .metadata = directory.path() / "a/b/metadata",
        .memory = directory.path() / "a/b/state.json"};
};

} // namespace

TEST_CASE("a store keeps and forgets files") {
    Place place;
    auto store = Store::open(place.paths);
    REQUIRE(store);
    CHECK(store->load("root", 100).error().code == Errc::not_found);
    REQUIRE(store->save("root", "one"));
    REQUIRE(store->save("a/b", "two"));
    CHECK(store->load("root", 100)->bytes == "one");
    CHECK(store->load("root", 100)->subject == place.paths.metadata / "root.json");
    CHECK(store->load("a/b", 100)->bytes == "two");
    CHECK(store->load("root", 2).error().code == Errc::verification_failed);
    REQUIRE(store->forget("root"));
    REQUIRE(store->forget("root"));
    CHECK(store->load("root", 100).error().code == Errc::not_found);
    CHECK(
        base::list_directory(place.paths.metadata).value() == std::vector<std::string>{"a%2Fb.json"}
    );
}

TEST_CASE("a store has one owner at a time") {
    Place place;
    {
        auto const store = Store::open(place.paths);
        REQUIRE(store);
        CHECK(Store::open(place.paths).error().code == Errc::busy);
    }
    CHECK(Store::open(place.paths));
}

TEST_CASE("what is remembered is there the next time") {
    Place place;
    Memory const memory{
        .anchor_sha256 = "ab",
        .last_ok = parse_time("2026-06-01T00:00:00Z"),
        .latest_known = parse_time("2026-06-02T00:00:00Z")};
    {
        auto store = Store::open(place.paths);
        REQUIRE(store);
        CHECK(store->memory() == Memory());
        REQUIRE(store->remember(memory));
        CHECK(store->memory() == memory);
    }
    CHECK(Store::open(place.paths)->memory() == memory);
    CHECK(
        base::read_file(place.paths.memory).value() ==
        "{\n  \"anchor_sha256\": \"ab\",\n  \"last_ok\": \"2026-06-01T00:00:00Z\",\n"
        "  \"latest_known_time\": \"2026-06-02T00:00:00Z\"\n}\n"
    );
}

TEST_CASE("a memory that is damaged is none") {
    for (std::string const text :
         {"", "[]", "{", R"({"anchor_sha256":1,"last_ok":"yesterday","latest_known_time":null})"}) {
        Place place;
        place.directory.write("a/b/state.json", text);
        CHECK(Store::open(place.paths)->memory() == Memory());
    }
}

TEST_CASE("a store that has no place says so") {
    Place place;
    place.directory.write("a", "a file");
    auto const store = Store::open(place.paths);
    REQUIRE(store.has_error());
    CHECK(store.error().cause.starts_with("cannot make the directory: "));
}
