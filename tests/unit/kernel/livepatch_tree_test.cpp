#include "kernel/livepatch_tree.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <sys/stat.h>

#include <string>
#include <unistd.h>
#include <vector>

using namespace livepatch;
using base::PatchState;
using support::FakeKernelTree;

namespace {

kernel::Observation observe(FakeKernelTree const& tree) {
    return kernel::LivepatchTree(tree.root()).observe().value();
}

} // namespace

TEST_CASE("a kernel without livepatching is unsupported") {
    FakeKernelTree tree;
    tree.set_livepatch(false);
    auto const observation = kernel::LivepatchTree(tree.root()).observe();
    REQUIRE(observation.has_error());
    CHECK(observation.error().code == base::Errc::unsupported);
    CHECK(observation.error().subject.ends_with("/sys/kernel/livepatch"));
    CHECK_FALSE(observation.error().remedy.empty());
}

TEST_CASE("a quiet kernel has no patches") {
    FakeKernelTree const tree;
    auto const observation = observe(tree);
    CHECK(observation.patches.empty());
    CHECK(observation.transition() == nullptr);
    CHECK(observation.find("lp") == nullptr);
}

TEST_CASE("the state follows initstate, enabled and transition") {
    struct Row {
        char const* initstate;
        int enabled;
        int transition;
        PatchState state;
    };

    auto const row = GENERATE(
        Row{"coming", 0, 0, PatchState::enabling}, // directory made, nothing patched yet
        Row{"coming", 0, 1, PatchState::enabling}, // pre_patch callbacks run
        Row{"coming", 1, 1, PatchState::enabling},
        Row{"coming", 1, 0, PatchState::enabling}, // complete before init returned
        Row{"live", 1, 1, PatchState::enabling},
        Row{"live", 1, 0, PatchState::enabled},
        Row{"live", 0, 1, PatchState::disabling},
        Row{"live", 0, 0, PatchState::disabled}, // replaced; the directory goes any moment
        Row{"going", 0, 0, PatchState::disabled}
    );
    CAPTURE(row.initstate, row.enabled, row.transition);
    FakeKernelTree tree;
    tree.set_module("lp", {.initstate = row.initstate});
    tree.set_patch("lp", {.enabled = row.enabled, .transition = row.transition});
    auto const observation = observe(tree);
    REQUIRE(observation.patches.size() == 1);
    CHECK(observation.patches[0].name == "lp");
    CHECK(observation.patches[0].state == row.state);
    CHECK(observation.patches[0].transition == (row.transition == 1));
    CHECK((observation.transition() != nullptr) == (row.transition == 1));
    CHECK_FALSE(observation.patches[0].pinned);
}

TEST_CASE("a glance tells whether a patch is in transition") {
    FakeKernelTree tree;
    kernel::LivepatchTree const glance(tree.root());
    CHECK_FALSE(glance.in_transition("lp").has_value());
    tree.set_module("lp", {.initstate = "coming"});
    CHECK_FALSE(glance.in_transition("lp").has_value());
    tree.set_patch("lp", {.transition = 1});
    CHECK(glance.in_transition("lp") == true);
    tree.set_patch("lp", {.transition = 0});
    CHECK(glance.in_transition("lp") == false);
}

TEST_CASE("a livepatch module without a directory is disabled, or just loading") {
    struct Row {
        char const* initstate;
        std::optional<int> refcount;
        PatchState state;
        bool pinned;
    };

    auto const row = GENERATE(
        Row{"live", 0, PatchState::disabled, false},
        Row{"live", 1, PatchState::disabled, true}, // forced out
        Row{"live", 3, PatchState::disabled, true},
        Row{"live", std::nullopt, PatchState::disabled, false},
        Row{"going", -1, PatchState::disabled, false},
        Row{"coming", 1, PatchState::enabling, false}
    );
    CAPTURE(row.initstate, row.refcount.value_or(-99));
    FakeKernelTree tree;
    tree.set_module("lp", {.initstate = row.initstate, .refcount = row.refcount});
    auto const observation = observe(tree);
    REQUIRE(observation.patches.size() == 1);
    CHECK(observation.patches[0].state == row.state);
    CHECK(observation.patches[0].pinned == row.pinned);
    CHECK(observation.patches[0].objects.empty());
}

TEST_CASE("modules that are no livepatches are not shown") {
    FakeKernelTree tree;
    tree.set_module("ext4", {.taint = ""});
    tree.set_module("vboxdrv", {.taint = "OE"});
    tree.set_module("lp", {.taint = "OEK", .refcount = 0});
    auto const observation = observe(tree);
    REQUIRE(observation.patches.size() == 1);
    CHECK(observation.patches[0].name == "lp");
}

TEST_CASE("what the module says comes with the patch") {
    FakeKernelTree tree;
    tree.set_module(
        "lp",
        {.refcount = 2, .build_id = "0a0b0c0d0e0f101112131415161718191a1b1c1d", .version = "1.2"}
    );
    tree.set_patch("lp", {});
    auto observation = observe(tree);
    auto const& patch = observation.patches.at(0);
    CHECK(patch.build_id == "0a0b0c0d0e0f101112131415161718191a1b1c1d");
    CHECK(patch.version == "1.2");
    CHECK(patch.refcount == 2);
    CHECK_FALSE(patch.pinned);

    tree.remove_module("lp");
    observation = observe(tree);
    CHECK(observation.patches.at(0).build_id.empty());
    CHECK(observation.patches.at(0).version.empty());
    CHECK_FALSE(observation.patches.at(0).refcount.has_value());
}

TEST_CASE("a build-id that ends like a line is kept whole") {
    FakeKernelTree tree;
    tree.set_module("lp", {.build_id = "000000000000000000000000000000000000000a"});
    CHECK(observe(tree).patches.at(0).build_id == "000000000000000000000000000000000000000a");
}

TEST_CASE("replace is what the kernel says, if it says") {
    FakeKernelTree tree;
    tree.set_enabled_patch("lp");
    CHECK_FALSE(observe(tree).patches.at(0).replace.has_value());
    tree.set_patch("lp", {.replace = 1});
    CHECK(observe(tree).patches.at(0).replace == true);
    tree.set_patch("lp", {.replace = 0});
    CHECK(observe(tree).patches.at(0).replace == false);
}

TEST_CASE("objects and functions are listed by name") {
    FakeKernelTree tree;
    tree.set_module("lp", {});
    tree.set_patch(
        "lp",
        {.objects =
             {
                 {.name = "vmlinux", .functions = {"meminfo_proc_show,1", "cmdline_proc_show,2"}},
                 {.name = "ext4", .patched = 0, .functions = {"ext4_read,1"}},
                 {.name = "xfs", .patched = std::nullopt, .functions = {}},
             }}
    );
    auto const observation = observe(tree);
    auto const& objects = observation.patches.at(0).objects;
    REQUIRE(objects.size() == 3);
    CHECK(objects[0].name == "ext4");
    CHECK(objects[0].patched == false);
    CHECK(objects[1].name == "vmlinux");
    CHECK(objects[1].patched == true);
    REQUIRE(objects[1].functions.size() == 2);
    CHECK(objects[1].functions[0].name == "cmdline_proc_show");
    CHECK(objects[1].functions[0].sympos == 2);
    CHECK(objects[1].functions[1].name == "meminfo_proc_show");
    CHECK(objects[1].functions[1].sympos == 1);
    CHECK(objects[2].name == "xfs");
    CHECK_FALSE(objects[2].patched.has_value());
    CHECK(objects[2].functions.empty());
}

TEST_CASE("names of functions may hold commas and odd positions do no harm") {
    FakeKernelTree tree;
    tree.set_module("lp", {});
    tree.set_patch("lp", {.objects = {{.functions = {"a,b,3", "bare", "c,", "d,x"}}}});
    auto const observation = observe(tree);
    auto const& functions = observation.patches.at(0).objects.at(0).functions;
    REQUIRE(functions.size() == 4);
    CHECK(functions[0].name == "a,b");
    CHECK(functions[0].sympos == 3);
    CHECK(functions[1].name == "bare");
    CHECK(functions[2].name == "c");
    CHECK(functions[2].sympos == 0);
    CHECK(functions[3].name == "d");
    CHECK(functions[3].sympos == 0);
}

TEST_CASE("patches are sorted by name and found by it") {
    FakeKernelTree tree;
    tree.set_enabled_patch("b");
    tree.set_enabled_patch("c");
    tree.set_module("a", {.refcount = 0});
    tree.set_patch("c", {.enabled = 1, .transition = 1});
    auto const observation = observe(tree);
    REQUIRE(observation.patches.size() == 3);
    CHECK(observation.patches[0].name == "a");
    CHECK(observation.patches[1].name == "b");
    CHECK(observation.patches[2].name == "c");
    CHECK(observation.find("b") == &observation.patches[1]);
    CHECK(observation.transition() == &observation.patches[2]);
    CHECK(observation.find("d") == nullptr);
}

TEST_CASE("an unreadable patch is an error that names it") {
    FakeKernelTree tree;
    tree.set_enabled_patch("lp");
    auto const enabled = tree.path() / "sys/kernel/livepatch/lp/enabled";
    REQUIRE(::unlink(enabled.c_str()) == 0);
    REQUIRE(::mkdir(enabled.c_str(), 0700) == 0); // reading a directory: EISDIR
    auto const observation = kernel::LivepatchTree(tree.root()).observe();
    REQUIRE(observation.has_error());
    CHECK(observation.error().os_error == EISDIR);
    CHECK(base::describe(observation.error()).find("enabled") != std::string::npos);
}

TEST_CASE("a module is asked once whether it is a livepatch") {
    FakeKernelTree tree;
    tree.set_module("ext4", {.taint = ""});
    kernel::LivepatchTree livepatches(tree.root());
    CHECK(livepatches.observe().value().patches.empty());

    // As no kernel does it: the flags of a module that stays.
    tree.write("sys/module/ext4/taint", "OEK\n");
    CHECK(livepatches.observe().value().patches.empty());
    livepatches.forget_modules();
    CHECK(livepatches.observe().value().patches.size() == 1);
}

TEST_CASE("another module of the same name is another module") {
    FakeKernelTree tree;
    tree.set_module("lp", {.taint = ""});
    kernel::LivepatchTree livepatches(tree.root());
    CHECK(livepatches.observe().value().patches.empty());

    tree.set_module("next", {.refcount = 0}); // before the other goes: an inode of its own
    tree.remove_module("lp");
    std::filesystem::rename(tree.path() / "sys/module/next", tree.path() / "sys/module/lp");
    auto const observation = livepatches.observe().value();
    REQUIRE(observation.patches.size() == 1);
    CHECK(observation.patches[0].state == PatchState::disabled);
}

TEST_CASE("a module whose directory was seen before its flags is seen") {
    FakeKernelTree tree;
    tree.set_module("lp", {.initstate = ""});
    kernel::LivepatchTree livepatches(tree.root());
    CHECK(livepatches.observe().value().patches.empty());
    tree.set_module("lp", {.initstate = "coming"});
    CHECK(livepatches.observe().value().patches.size() == 1);
}
