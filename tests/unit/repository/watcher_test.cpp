#include "repository/watcher.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <unistd.h>

using namespace livepatch;
using repository::Watcher;
namespace fs = std::filesystem;

namespace {

struct Bench {
    support::TemporaryDirectory directory;
    fs::path place = directory.path() / "a/b/c";
    Watcher watcher;

    explicit Bench(bool there = true, std::string const& suffix = {})
        : watcher(make(there, suffix)) {}

    bool changed() { return watcher.changed(); }

    // Whether it would wake anybody.
    bool stirs() const {
        pollfd waiting{.fd = watcher.fd(), .events = POLLIN, .revents = 0};
        return ::poll(&waiting, 1, 0) > 0;
    }

private:
    Watcher make(bool there, std::string const& suffix) const {
        if (there)
            fs::create_directories(place);
        return std::move(Watcher::create({place.string() + suffix, "/nowhere/at/all"})).value();
    }
};

} // namespace

TEST_CASE("nothing happened") {
    Bench bench;
    CHECK_FALSE(bench.changed());
    CHECK(bench.watcher.fd() >= 0);
}

TEST_CASE("files that come, change and go are noticed, once each") {
    Bench bench(true, GENERATE("", "/"));
    bench.directory.write("outside", "x");
    SECTION("renamed in") {
        fs::rename(bench.directory.path() / "outside", bench.place / "x.ko");
    }
    SECTION("written and closed") {
        bench.directory.write("a/b/c/x.ko", "x");
    }
    SECTION("linked in") {
        fs::create_hard_link(bench.directory.path() / "outside", bench.place / "x.ko");
    }
    SECTION("not files at all") {
        fs::create_symlink("nowhere", bench.place / "x.ko");
    }
    CHECK(bench.changed());
    CHECK_FALSE(bench.changed());
}

TEST_CASE("a file is noticed again when it is written, given away or removed") {
    Bench bench;
    for (auto const* content : {"y", "z"}) {
        std::ofstream(bench.place / "y.ko") << content;
        CHECK(bench.changed());
    }
    ::chmod((bench.place / "y.ko").c_str(), 0666);
    CHECK(bench.changed());
    fs::remove(bench.place / "y.ko");
    CHECK(bench.changed());
    CHECK_FALSE(bench.changed());
}

TEST_CASE("a file counts when its writer is done with it") {
    Bench bench;
    std::ofstream file(bench.place / "x.ko");
    file << "half" << std::flush;
    CHECK_FALSE(bench.changed());
    file.close();
    CHECK(bench.changed());
}

TEST_CASE("files that begin with a dot do not count") {
    Bench bench;
    bench.directory.write("a/b/c/.x.ko.new", "x");
    CHECK_FALSE(bench.changed());
    fs::rename(bench.place / ".x.ko.new", bench.place / "x.ko");
    CHECK(bench.changed());
}

TEST_CASE("what happens beside the way does not count") {
    Bench bench;
    bench.directory.write("a/other", "x");
    fs::create_directory(bench.directory.path() / "a/b/d");
    ::chmod((bench.directory.path() / "a/other").c_str(), 0600);
    CHECK_FALSE(bench.changed());
}

TEST_CASE("what happens beside the way wakes nobody") {
    Bench bench;
    REQUIRE_FALSE(bench.stirs());
    auto const above = bench.directory.path() / GENERATE("", "a", "a/b");
    for (int i = 0; i < 100; ++i) {
        auto const file = above / std::to_string(i);
        std::ofstream(file) << "x";
        ::chmod(file.c_str(), 0600);
        fs::rename(file, above / "x");
        fs::remove(above / "x");
        fs::create_directory(file);
        fs::remove(file);
    }
    ::chmod(above.c_str(), 0700); // as told in watcher.hpp
    CHECK_FALSE(bench.stirs());
    bench.directory.write("a/b/c/x.ko", "x");
    CHECK(bench.stirs());
    CHECK(bench.changed());
}

TEST_CASE("what is missing is awaited in the last directory of its way, and nowhere else") {
    Bench bench(false);
    fs::create_directory(bench.directory.path() / "a");
    CHECK(bench.changed());
    REQUIRE_FALSE(bench.stirs());
    bench.directory.write("x", "x"); // above it
    fs::remove(bench.directory.path() / "x");
    CHECK_FALSE(bench.stirs());
    bench.directory.write("a/x", "x");
    CHECK(bench.stirs()); // here it might have been
    CHECK_FALSE(bench.changed());
    fs::create_directories(bench.place);
    CHECK(bench.changed());
    bench.directory.write("a/y", "x"); // no more
    CHECK_FALSE(bench.stirs());
}

TEST_CASE("a path that leads elsewhere without an event, as by a mount") {
    Bench bench;
    // Nothing tells that a descriptor is another directory now.
    fs::create_directories(bench.directory.path() / "other");
    auto const open = [](fs::path const& path) {
        return base::UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    };
    auto const fd = open(bench.place);
    auto watcher =
        std::move(Watcher::create({"/proc/self/fd/" + std::to_string(fd.get())})).value();
    CHECK_FALSE(watcher.leads_elsewhere());
    REQUIRE(::dup3(open(bench.directory.path() / "other").get(), fd.get(), O_CLOEXEC) >= 0);
    CHECK_FALSE(watcher.changed());
    CHECK(watcher.leads_elsewhere());
    CHECK_FALSE(watcher.leads_elsewhere());
    bench.directory.write("a/b/c/x.ko", "x");
    CHECK_FALSE(watcher.changed());
    bench.directory.write("other/x.ko", "x");
    CHECK(watcher.changed());
}

TEST_CASE("a link on the way is followed, and its replacement noticed") {
    Bench bench;
    fs::create_directory_symlink("a/b", bench.directory.path() / "link");
    auto watcher = std::move(Watcher::create({bench.directory.path() / "link/c"})).value();
    bench.directory.write("a/b/c/x.ko", "x");
    CHECK(watcher.changed());
    fs::create_directories(bench.directory.path() / "new/c");
    CHECK_FALSE(watcher.changed());
    fs::create_directory_symlink("new", bench.directory.path() / "link.new");
    fs::rename(bench.directory.path() / "link.new", bench.directory.path() / "link");
    CHECK(watcher.changed());
    bench.directory.write("new/c/x.ko", "x");
    CHECK(watcher.changed());
    bench.directory.write("a/b/c/y.ko", "x");
    CHECK_FALSE(watcher.changed());
}

TEST_CASE("the directory's own mode is noticed") {
    Bench bench;
    ::chmod(bench.place.c_str(), 0777);
    CHECK(bench.changed());
}

TEST_CASE("a directory that is made later is noticed, however much of its way is missing") {
    Bench bench(false);
    SECTION("at once") {
        fs::create_directories(bench.place);
        bench.directory.write("a/b/c/x.ko", "x");
        CHECK(bench.changed());
    }
    SECTION("bit by bit") {
        fs::create_directory(bench.directory.path() / "a");
        CHECK(bench.changed());
        fs::create_directory(bench.directory.path() / "a/b");
        CHECK(bench.changed());
        fs::create_directory(bench.place);
        CHECK(bench.changed());
        bench.directory.write("a/b/c/x.ko", "x");
        CHECK(bench.changed());
    }
    SECTION("made elsewhere and moved in") {
        bench.directory.write("z/b/c/x.ko", "x");
        CHECK_FALSE(bench.changed());
        fs::rename(bench.directory.path() / "z", bench.directory.path() / "a");
        CHECK(bench.changed());
    }
    CHECK_FALSE(bench.changed());
    bench.directory.write("a/b/c/y.ko", "y");
    CHECK(bench.changed());
}

TEST_CASE("a directory that is replaced is followed, and the old one is let go") {
    Bench bench;
    auto const level = GENERATE("a", "a/b", "a/b/c");
    auto const path = bench.directory.path() / level;
    auto const rest = fs::relative(bench.place, path);
    SECTION("moved away") {
        fs::rename(path, bench.directory.path() / "away");
    }
    SECTION("removed") {
        fs::remove_all(path);
    }
    CHECK(bench.changed());
    fs::create_directories(bench.place);
    CHECK(bench.changed());
    CHECK_FALSE(bench.changed());
    bench.directory.write("a/b/c/x.ko", "x");
    CHECK(bench.changed());
    if (fs::exists(bench.directory.path() / "away" / rest)) {
        std::ofstream(bench.directory.path() / "away" / rest / "y.ko") << "y";
        CHECK_FALSE(bench.changed());
    }
}

TEST_CASE("directories of one place are told apart") {
    support::TemporaryDirectory const directory;
    fs::create_directories(directory.path() / "a/b");
    auto watcher =
        std::move(Watcher::create({directory.path() / "a", directory.path() / "a/b"})).value();
    directory.write("a/x.ko", "x");
    CHECK(watcher.changed());
    directory.write("a/b/x.ko", "x");
    CHECK(watcher.changed());
    fs::remove_all(directory.path() / "a/b");
    CHECK(watcher.changed());
    fs::create_directory(directory.path() / "a/b");
    CHECK(watcher.changed());
    directory.write("a/b/y.ko", "x");
    CHECK(watcher.changed());
    CHECK_FALSE(watcher.changed());
}

TEST_CASE("more events than the kernel queues are one") {
    Bench bench;
    for (int i = 0; i < 20'000; ++i)
        fs::create_symlink("x", bench.place / std::to_string(i));
    CHECK(bench.changed());
    CHECK_FALSE(bench.changed());
    bench.directory.write("a/b/c/x.ko", "x");
    CHECK(bench.changed());
}
