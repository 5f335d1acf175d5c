#include "loader/witness.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

using namespace livepatch;
using base::Errc;
using loader::Witness;
using preflight::Operation;

namespace {

bool concerns(std::string const& text, int facility = 0) {
    return loader::concerns(
        {.sequence = 1, .level = 5, .facility = facility, .text = text}, "lp_a"
    );
}

} // namespace

TEST_CASE("lines of livepatching, of the module and of the module checks concern it") {
    CHECK(concerns("livepatch: enabling patch 'other'"));
    CHECK(concerns("lp_a: Unknown symbol foo (err -2)"));
    CHECK(concerns("Module lp_a is blacklisted"));
    CHECK(concerns("patch 'lp_a' failed"));
    CHECK(concerns("xlp_a lp_a"));
    CHECK(concerns("Lockdown: x: unsigned module loading is restricted; see man kernel_lockdown.7")
    );
    CHECK(concerns("Loading of unsigned module is rejected"));
    CHECK(concerns("x86/modules: Skipping invalid relocation target"));
}

TEST_CASE("other lines and those of processes do not") {
    CHECK_FALSE(concerns("usb 1-1: new device"));
    CHECK_FALSE(concerns("lp_ab: loaded"));
    CHECK_FALSE(concerns("xlp_a: loaded"));
    CHECK_FALSE(concerns("help_a: loaded"));
    CHECK_FALSE(concerns("lp_a: version magic", 1));
    CHECK_FALSE(concerns("livepatch: forged", 3));
}

TEST_CASE("a witness tells the lines since it was made") {
    support::FakeKernelTree tree;
    Witness witness(tree.root(), "lp_a");
    tree.log("livepatch: enabling patch 'lp_a'");
    tree.log("usb 1-1: new device");
    tree.log("livepatch: symbol 'forged' not found in symbol table", 3, 1);
    tree.log("livepatch: symbol 'foo' not found in symbol table", 3);
    tree.log("livepatch: failed to enable patch 'lp_a'", 4);
    auto const error = witness.refused(Operation::load, EINVAL);
    CHECK(error.code == Errc::load_failed);
    CHECK(error.cause.find("'foo'") != std::string::npos);
    CHECK(
        error.kernel_log ==
        std::vector<std::string>{
            "livepatch: enabling patch 'lp_a'",
            "livepatch: symbol 'foo' not found in symbol table",
            "livepatch: failed to enable patch 'lp_a'"}
    );
}

TEST_CASE("a witness works without the kernel log") {
    support::FakeKernelTree const tree;
    std::filesystem::remove(tree.path() / "dev/kmsg");
    auto const error = Witness(tree.root(), "lp_a").refused(Operation::load, EINVAL);
    CHECK(error.code == Errc::load_failed);
    CHECK(error.kernel_log.empty());
}

TEST_CASE("a witness looks at what the kernel shows") {
    support::FakeKernelTree tree;
    auto const code = [&](Operation operation, int os_error) {
        return Witness(tree.root(), "lp_a").refused(operation, os_error).code;
    };

    SECTION("lockdown") {
        tree.write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        CHECK(code(Operation::load, EPERM) == Errc::load_failed);
        tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        CHECK(code(Operation::load, EPERM) == Errc::verification_failed);
    }
    SECTION("modules_disabled") {
        tree.write("proc/sys/kernel/modules_disabled", "0\n");
        CHECK(code(Operation::remove, EPERM) == Errc::failed);
        tree.write("proc/sys/kernel/modules_disabled", "1\n");
        CHECK(code(Operation::remove, EPERM) == Errc::unsupported);
    }
    SECTION("sig_enforce") {
        tree.write("sys/module/module/parameters/sig_enforce", "Y\n");
        auto const error = Witness(tree.root(), "lp_a").refused(Operation::load, EKEYREJECTED);
        CHECK(error.cause.find("enforces") != std::string::npos);
    }
    SECTION("ftrace_enabled") {
        tree.write("proc/sys/kernel/ftrace_enabled", "1\n");
        CHECK(code(Operation::load, EBUSY) == Errc::busy);
        tree.write("proc/sys/kernel/ftrace_enabled", "0\n");
        CHECK(code(Operation::load, EBUSY) == Errc::load_failed);
    }
    SECTION("initstate") {
        tree.set_module("lp_a", {.initstate = "live"});
        CHECK(code(Operation::remove, EBUSY) == Errc::unsupported);
        tree.set_module("lp_a", {.initstate = "going"});
        CHECK(code(Operation::remove, EBUSY) == Errc::busy);
    }
    SECTION("a transition") {
        tree.set_module("other", {});
        tree.set_patch("other", {.transition = 1});
        auto const error = Witness(tree.root(), "lp_a").refused(Operation::disable, EBUSY);
        CHECK(error.cause.find("'other'") != std::string::npos);
    }
}
