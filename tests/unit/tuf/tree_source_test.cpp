#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "support/tuf_bench.hpp"
#include "trust/tuf/tree_source.hpp"

#include <sys/stat.h>

using namespace livepatch;
using base::Errc;
using trust::tuf::Source;
using trust::tuf::TreeSource;

namespace {

struct Tree {
    support::TemporaryDirectory directory;
    std::filesystem::path root = directory.path() / "repo";
    TreeSource source{root};

    base::Result<std::string>
    read(std::string const& name, Source::Area area = Source::Area::metadata) {
        std::string got;
        auto const answer = source.fetch(
            {.name = {area, name}, .limit = 1000, .may_be_unchanged = true},
            [&](std::span<std::byte const> bytes) {
                got.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
                return base::Result<void>();
            }
        );
        if (!answer)
            return answer.error();
        CHECK(*answer == Source::Answer::content);
        return got;
    }

    std::string refusal_of(std::string const& name) {
        auto const got = read(name);
        REQUIRE(got.has_error());
        CHECK(got.error().subject == root / "metadata" / name);
        return got.error().cause;
    }
};

} // namespace

TEST_CASE("files of a tree are read, those that are not there are not found") {
    Tree tree;
    tree.directory.write("repo/metadata/1.root.json", "root");
    tree.directory.write("repo/targets/a/b.ko", "module");
    tree.directory.write("repo/metadata/empty", "");
    CHECK(tree.read("1.root.json").value() == "root");
    CHECK(tree.read("empty").value().empty());
    CHECK(tree.read("a/b.ko", Source::Area::targets).value() == "module");
    for (auto const& name :
         {std::string("2.root.json"), std::string(300, 'a'), std::string("empty/x")})
        CHECK(tree.read(name).error().code == Errc::not_found);
    CHECK(tree.source.locate({Source::Area::targets, "a/b.ko"}) == tree.root / "targets/a/b.ko");
}

TEST_CASE("a tree that is not there is another thing than a file that is not there") {
    Tree tree;
    auto const got = tree.read("2.root.json");
    REQUIRE(got.has_error());
    CHECK(got.error().code == Errc::unreachable);
    CHECK(got.error().subject == tree.root);
}

TEST_CASE("nothing outside of a tree is read") {
    Tree tree;
    tree.directory.write("secret", "secret");
    tree.directory.write("repo/metadata/real", "real");
    auto const link = [&](std::filesystem::path const& to, char const* name) {
        std::filesystem::create_symlink(to, tree.root / "metadata" / name);
    };
    link("../../secret", "out");
    link(tree.directory.path() / "secret", "absolute");
    link("real", "in");
    link("/dev/zero", "device");
    link("/proc/self/fd/0", "magic");
    for (auto const* name : {"out", "absolute", "in", "device", "magic"})
        CHECK(tree.refusal_of(name) == "reached over a symbolic link");
    auto const up = tree.read("../../../secret");
    REQUIRE(up.has_error());
    std::filesystem::create_directory_symlink(tree.directory.path(), tree.root / "targets");
    CHECK(tree.read("secret", Source::Area::targets).has_error());
}

TEST_CASE("only regular files of a tree are read, and no long ones") {
    Tree tree;
    tree.directory.write("repo/metadata/long", std::string(1001, 'x'));
    tree.directory.write("repo/metadata/fits", std::string(1000, 'x'));
    std::filesystem::create_directory(tree.root / "metadata/directory");
    REQUIRE(::mkfifo((tree.root / "metadata/fifo").c_str(), 0600) == 0);
    CHECK(tree.refusal_of("directory") == "not a regular file");
    CHECK(tree.refusal_of("fifo") == "not a regular file");
    CHECK(tree.refusal_of("long") == "longer than 1000 bytes");
    CHECK(tree.read("long").error().code == Errc::limits_exceeded);
    CHECK(tree.read("fits").value().size() == 1000);
}

TEST_CASE("a client reads a tree as it reads anything else") {
    support::TufBench bench;
    bench.repository.delegate({.to = "a/b", .paths = {"modules/*"}});
    bench.repository.add_target("modules/lp.ko", "module", "a/b");
    bench.repository.publish();
    Tree tree;
    bench.repository.write_tree(tree.root);
    auto store = trust::tuf::Store::open(bench.paths());
    REQUIRE(store);
    auto client = trust::tuf::Client::refreshed(
        {"anchor.json", bench.anchor},
        {.store = *store, .source = tree.source, .now = bench.now, .limits = {}}
    );
    REQUIRE(client);
    auto const target = client->find("modules/lp.ko");
    REQUIRE(target);
    std::string got;
    CHECK(client->fetch(*target, [&](std::span<std::byte const> bytes) {
        got.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
        return base::Result<void>();
    }));
    CHECK(got == "module");
    CHECK(bench.stored() == "1 2 2 2");
}
