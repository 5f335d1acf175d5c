#include "kernel/module_policy.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <filesystem>

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

TEST_CASE("what of the policy cannot be read is not known") {
    support::FakeKernelTree const tree;
    std::filesystem::remove_all(tree.path() / "sys/module");
    tree.write("sys/kernel/security/lockdown", "nonsense\n");
    std::filesystem::create_directories(tree.path() / "sys/firmware/efi/efivars");
    auto const policy = kernel::module_policy(tree.root());
    CHECK_FALSE(policy.modules_disabled);
    CHECK_FALSE(policy.lockdown);
    CHECK_FALSE(policy.enforces_signatures);
    CHECK_FALSE(kernel::secure_boot(tree.root()));
    CHECK_FALSE(policy.ftrace_enabled);
    CHECK_FALSE(policy.wants_known_signer());
}

TEST_CASE("the policy as a Debian kernel shows it") {
    support::FakeKernelTree const tree;
    tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    tree.write("sys/module/module/parameters/sig_enforce", "N\n");
    tree.write("proc/sys/kernel/modules_disabled", "0\n");
    tree.write("proc/sys/kernel/ftrace_enabled", "1\n");
    auto const policy = kernel::module_policy(tree.root());
    CHECK_FALSE(*policy.modules_disabled);
    CHECK(*policy.lockdown == "integrity");
    CHECK_FALSE(*policy.enforces_signatures);
    CHECK_FALSE(*kernel::secure_boot(tree.root())); // no UEFI
    CHECK(*policy.ftrace_enabled);
    CHECK(policy.wants_known_signer());
}
