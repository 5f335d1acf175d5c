#include "kernel/module_policy.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

using namespace livepatch;
using kernel::signatures_wanted;

TEST_CASE("a kernel that takes any module") {
    support::FakeKernelTree const tree;
    CHECK(signatures_wanted(tree.root()).empty()); // nothing of all that is there
    tree.write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    tree.write("sys/module/module/parameters/sig_enforce", "N\n");
    tree.write(
        "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
        std::string("\x06\0\0\0\0", 5)
    );
    CHECK(signatures_wanted(tree.root()).empty());
}

TEST_CASE("a kernel that wants signatures") {
    support::FakeKernelTree const tree;
    SECTION("locked down") {
        tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        CHECK(signatures_wanted(tree.root()) == "the kernel is locked down (integrity)");
    }
    SECTION("enforcing") {
        tree.write("sys/module/module/parameters/sig_enforce", "Y\n");
        CHECK(
            signatures_wanted(tree.root()) ==
            "the kernel enforces module signatures (module.sig_enforce)"
        );
    }
    SECTION("booted securely") {
        tree.write(
            "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
            std::string("\x06\0\0\0\1", 5)
        );
        CHECK(signatures_wanted(tree.root()) == "Secure Boot is on");
    }
}
