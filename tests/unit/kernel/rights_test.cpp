#include "kernel/rights.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <filesystem>

using namespace livepatch;

namespace {

void set_rights(support::FakeKernelTree const& tree, char const* effective, char const* space) {
    tree.write(
        "proc/self/status", std::string("Name:\tx\nCapEff:\t") + effective + "\nCapBnd:\t0\n"
    );
    std::filesystem::create_directories(tree.path() / "proc/self/ns");
    std::filesystem::create_symlink(space, tree.path() / "proc/self/ns/user");
}

} // namespace

TEST_CASE("a process with the capability in the kernel's own namespace may load modules") {
    support::FakeKernelTree const tree;
    set_rights(tree, "0000000400010000", "user:[4026531837]");
    auto const rights = kernel::rights(tree.root()).value();
    CHECK(rights.may_load);
    CHECK(rights.initial);
}

TEST_CASE("a process without the capability, or elsewhere, may not") {
    support::FakeKernelTree const tree;
    SECTION("without") {
        set_rights(tree, "0000000400000000", "user:[4026531837]");
        CHECK_FALSE(kernel::rights(tree.root()).value().may_load);
    }
    SECTION("elsewhere") {
        set_rights(tree, "000001ffffffffff", "user:[4026532448]");
        CHECK_FALSE(kernel::rights(tree.root()).value().initial);
    }
}

TEST_CASE("rights that are not told are an error") {
    support::FakeKernelTree const tree;
    CHECK_FALSE(kernel::rights(tree.root()));
    tree.write("proc/self/status", "Name:\tx\n");
    CHECK_FALSE(kernel::rights(tree.root()));
}
