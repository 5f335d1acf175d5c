#include "repository/safe_directory.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <cstdint>
#include <filesystem>
#include <unistd.h>

using namespace livepatch;
using base::Errc;
using namespace repository;
namespace fs = std::filesystem;

namespace {

// a/b with a file in it.
struct Tree {
    support::TemporaryDirectory directory;
    fs::path a = directory.path() / "a";
    fs::path b = a / "b";

    Tree() { directory.write("a/b/file.ko", "content"); }

    base::Result<base::UniqueFd> open() const { return open_safe_directory(b, FileSystems::local); }

    base::Result<base::UniqueFd> open_file(std::string const& name = "file.ko") const {
        auto const fd = open();
        return open_safe_file(fd->get(), name, b / name);
    }
};

// The extended attribute that holds an ACL (linux/posix_acl_xattr.h): version, then tag, rights and
// id of each entry. Here: the owner may all, somebody else `user`, the mask is `mask`.
std::string acl(unsigned user, unsigned mask) {
    std::string bytes;
    auto const number = [&](std::uint32_t value, int size) {
        for (int i = 0; i < size; ++i)
            bytes += static_cast<char>(value >> (8 * i) & 0xffU);
    };
    auto const entry = [&](std::uint32_t tag, std::uint32_t rights, std::uint32_t id = ~0U) {
        number(tag, 2);
        number(rights, 2);
        number(id, 4);
    };
    number(2, 4);
    entry(0x01, 7);
    entry(0x02, user, 12345);
    entry(0x04, 5);
    entry(0x10, mask);
    entry(0x20, 5);
    return bytes;
}

std::string cause(base::Result<base::UniqueFd> const& result) {
    return result ? "" : result.error().cause;
}

} // namespace

TEST_CASE("a directory of ours below directories of root is safe") {
    Tree const tree;
    CHECK(tree.open());
    CHECK(tree.open_file());
    CHECK(open_safe_directory("/", FileSystems::local));
    CHECK(open_safe_directory(tree.b.string() + "/", FileSystems::local));
    CHECK(open_safe_directory(tree.a / "b/../b/.", FileSystems::local));
}

TEST_CASE("what is not there is not found, wherever it ends") {
    Tree const tree;
    for (auto const& path : {tree.b / "c", tree.b / "c/d/e"}) {
        auto const opened = open_safe_directory(path, FileSystems::local);
        REQUIRE(opened.has_error());
        CHECK(opened.error().code == Errc::not_found);
        CHECK(opened.error().subject == (tree.b / "c").string());
    }
    CHECK(tree.open_file("none.ko").error().code == Errc::not_found);
}

TEST_CASE("a path that is not absolute is refused") {
    CHECK(open_safe_directory("a/b", FileSystems::any).error().code == Errc::verification_failed);
    CHECK(open_safe_directory("", FileSystems::any).error().code == Errc::verification_failed);
}

TEST_CASE("no component may be a symbolic link") {
    Tree const tree;
    SECTION("in the middle") {
        fs::rename(tree.a, tree.directory.path() / "real");
        fs::create_symlink("real", tree.a);
    }
    SECTION("at the end") {
        fs::rename(tree.b, tree.a / "real");
        fs::create_directory_symlink("real", tree.b);
    }
    SECTION("or a file") {
        fs::remove_all(tree.b);
        tree.directory.write("a/b", "a file");
    }
    CHECK(tree.open().error().code == Errc::verification_failed);
    CHECK(cause(tree.open()) == "not a directory, or a symbolic link");
}

TEST_CASE("no component may be written by others, unless it is sticky") {
    Tree const tree;
    auto const path = tree.directory.path() / GENERATE("a", "a/b");
    auto const mode = GENERATE(0775, 0757, 0777);
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
    CHECK(tree.open().error().code == Errc::verification_failed);
    CHECK(tree.open().error().subject == path.string());
    CHECK(cause(tree.open()) == "others than its owner may write it");
    ::chmod(path.c_str(), static_cast<mode_t>(mode) | S_ISVTX);
    CHECK(tree.open());
}

TEST_CASE("the mask of an ACL counts") {
    Tree const tree;
    auto const path = tree.directory.path() / GENERATE("a", "a/b", "a/b/file.ko");
    auto const opened = [&] { return path == tree.b / "file.ko" ? tree.open_file() : tree.open(); };
    auto const set = [&](std::string const& list) {
        auto const* name = "system.posix_acl_access";
        return ::setxattr(path.c_str(), name, list.data(), list.size(), 0) == 0;
    };
    REQUIRE(set(acl(7, 7))); // somebody else may write
    CHECK(cause(opened()) == "others than its owner may write it");
    CHECK(opened().error().subject == path.string());
    REQUIRE(set(acl(7, 5))); // not through this mask
    CHECK(opened());
}

TEST_CASE("no component may belong to somebody else") {
    if (::geteuid() != 0)
        return; // only root can give things away
    Tree const tree;
    auto const path = tree.directory.path() / GENERATE("a", "a/b", "a/b/file.ko");
    REQUIRE(::chown(path.c_str(), 12345, 0) == 0);
    auto const opened = path == tree.b / "file.ko" ? tree.open_file() : tree.open();
    CHECK(opened.error().code == Errc::verification_failed);
    CHECK(cause(opened) == "belongs to uid 12345");
    CHECK(opened.error().subject == path.string());
}

// That such a directory is refused, and taken where it is wanted, is seen on a real one: vm
// `remote_source`.
TEST_CASE("network and FUSE file systems are known by their kind, and no others") {
    for (std::uint32_t const remote :
         {0x65735546U, 0x01021997U, 0x6969U, 0xff534d42U, 0xfe534d42U, 0x00c36400U}) {
        CAPTURE(remote);
        CHECK(is_remote_file_system(remote));
    }
    // ext4, xfs, btrfs, tmpfs, overlayfs, squashfs
    for (std::uint32_t const local :
         {0xef53U, 0x58465342U, 0x9123683eU, 0x01021994U, 0x794c7630U, 0x73717368U, 0U}) {
        CAPTURE(local);
        CHECK_FALSE(is_remote_file_system(local));
    }
}

TEST_CASE("a file that others may write is refused, sticky or not") {
    Tree const tree;
    auto const mode = GENERATE(0664, 0646, 01666);
    ::chmod((tree.b / "file.ko").c_str(), static_cast<mode_t>(mode));
    CHECK(cause(tree.open_file()) == "others than its owner may write it");
}

TEST_CASE("only regular files are opened, and nothing blocks") {
    Tree const tree;
    auto const path = tree.b / "x.ko";
    std::string expected = "not a regular file";
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    }
    SECTION("a directory") {
        fs::create_directory(path);
    }
    SECTION("a socket") {
        base::UniqueFd const fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        path.string().copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    SECTION("a symbolic link") {
        fs::create_symlink("file.ko", path);
        expected = "a symbolic link";
    }
    SECTION("a symbolic link to nothing") {
        fs::create_symlink("nothing", path);
        expected = "a symbolic link";
    }
    auto const opened = tree.open_file("x.ko");
    CHECK(opened.error().code == Errc::verification_failed);
    CHECK(cause(opened) == expected);
    CHECK(opened.error().subject == path.string());
}
