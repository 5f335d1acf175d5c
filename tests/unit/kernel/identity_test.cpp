#include "kernel/identity.hpp"
#include "kernel/notes.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <cerrno>
#include <filesystem>

using namespace livepatch;
using namespace std::string_literals;
using support::build_id_note;

TEST_CASE("identify names the running kernel") {
    support::FakeKernelTree tree;
    tree.set_identity("6.12.1-amd64", "#1 SMP Debian 6.12.1-1", "deadbeef");
    tree.set_boot_id("0d0c0b0a-0000-4000-8000-000000000001");
    auto const identity = kernel::identify(tree.root()).value();
    CHECK(identity.release == "6.12.1-amd64");
    CHECK(identity.version == "#1 SMP Debian 6.12.1-1");
    CHECK(identity.build_id == "deadbeef");
    CHECK(identity.boot_id == "0d0c0b0a-0000-4000-8000-000000000001");
    CHECK(identity.livepatch);
}

TEST_CASE("identify goes on without build-id and livepatching") {
    support::FakeKernelTree tree;
    tree.set_livepatch(false);
    std::filesystem::remove(tree.path() / "sys/kernel/notes");
    auto const identity = kernel::identify(tree.root()).value();
    CHECK(identity.build_id.empty());
    CHECK_FALSE(identity.livepatch);
}

TEST_CASE("identify tells a container from a host") {
    support::FakeKernelTree tree;
    CHECK(kernel::identify(tree.root()).value().container.empty());
    auto const* const file = GENERATE("run/systemd/container", "run/host/container-manager");
    tree.write(file, "systemd-nspawn\n");
    CHECK(kernel::identify(tree.root()).value().container == "systemd-nspawn");
}

TEST_CASE("identify knows podman by its mark") {
    support::FakeKernelTree tree;
    tree.write("run/.containerenv", "");
    CHECK(kernel::identify(tree.root()).value().container == "podman");
}

TEST_CASE("identify needs release, version and boot id") {
    support::FakeKernelTree const tree;
    auto const* const file =
        GENERATE("sys/kernel/osrelease", "sys/kernel/version", "sys/kernel/random/boot_id");
    std::filesystem::remove(tree.path() / "proc" / file);
    auto const identity = kernel::identify(tree.root());
    REQUIRE(identity.has_error());
    CHECK(identity.error().os_error == ENOENT);
    CHECK(identity.error().subject.ends_with(file));
}

TEST_CASE("identify reads this very kernel") {
    auto const identity = kernel::identify({}).value();
    CHECK_FALSE(identity.release.empty());
    CHECK(identity.version.starts_with("#"));
    CHECK(identity.boot_id.size() == 36);
}

namespace {

std::string word(char value) {
    return {value, 0, 0, 0};
}

} // namespace

TEST_CASE("the build-id is found among other notes") {
    auto const linux_note = word(6) + word(4) + word(1) + "Linux\0\0\0"s + word(0);
    auto const odd_size = word(4) + word(3) + word(3) + "Xen\0"s + "abc\0"s; // type 3 of another
    CHECK(kernel::build_id(linux_note + odd_size + build_id_note("0102030405")) == "0102030405");
    CHECK(kernel::build_id(build_id_note("0a0b") + build_id_note("0c0d")) == "0a0b");
}

TEST_CASE("notes that are cut off or lie about their size hold no build-id") {
    CHECK(kernel::build_id("").empty());
    auto const note = build_id_note("000102030405060708090a0b0c0d0e0f10111213");
    for (std::size_t size = 0; size < note.size(); ++size)
        CHECK(kernel::build_id(note.substr(0, size)).empty());
    std::string const huge(4, '\xff');
    CHECK(kernel::build_id(huge + word(4) + word(3) + "GNU\0abcd"s).empty());
    CHECK(kernel::build_id(word(4) + huge + word(3) + "GNU\0abcd"s).empty());
    CHECK(kernel::build_id(huge + huge + word(3) + "GNU\0abcd"s).empty());
}

TEST_CASE("a last note without padding is whole") {
    auto note = build_id_note("010203");
    note.pop_back();
    CHECK(kernel::build_id(note) == "010203");
}
