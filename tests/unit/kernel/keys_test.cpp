#include "kernel/keys.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <cerrno>

using namespace livepatch;

TEST_CASE("the kernel's certificates have a name and an id") {
    support::FakeKernelTree const tree;
    tree.write(
        "proc/keys",
        "0001ab2c I--Q---     1 perm 3f030000     0 65534 keyring   _uid.0: 1\n"
        "0d6de6a5 I------     1 perm 1f030000     0     0 asymmetri Debian Secure Boot CA: "
        "6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1: X509.rsa bb419ea1 []\n"
        "1a2b3c4d I------     1 perm 1f010000     0     0 blacklist bin:80b4d96931bf0d02\n"
        "2e09a3d8 I------     1 perm 1f030000     0     0 asymmetri Acme: modules: 0a1b: X509.rsa "
        "1234abcd []\n"
        "2e09a3d9 I------     1 perm 3f010000     0     0 asymmetri mine: X509.rsa 99aabbcc []\n"
        "broken\n"
    );
    auto const keys = kernel::kernel_keys(tree.root()).value();
    REQUIRE(keys.size() == 3);
    CHECK(keys[0].name == "Debian Secure Boot CA");
    CHECK(keys[0].id == "6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1");
    CHECK(keys[1].name == "Acme: modules");
    CHECK(keys[1].id == "0a1b");
    CHECK(keys[2].name == "mine");
    CHECK(keys[2].id.empty());
}

TEST_CASE("keys that cannot be read are an error and not none") {
    support::FakeKernelTree const tree;
    CHECK(kernel::kernel_keys(tree.root()).error().os_error == ENOENT);
}
