// What moves while it is being read.
#include "base/file.hpp"
#include "kernel/livepatch_tree.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <sys/stat.h>

#include <atomic>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace livepatch;
using base::PatchState;
using support::FakeKernelTree;

namespace {

kernel::Observation observe(FakeKernelTree const& tree) {
    return kernel::LivepatchTree(tree.root()).observe().value();
}

// A thread that is joined also when a check throws.
class Background {
public:
    template <class Work>
    explicit Background(Work work) : thread_(std::move(work)) {}

    Background(Background const&) = delete;
    Background& operator=(Background const&) = delete;

    ~Background() { thread_.join(); }

private:
    std::thread thread_;
};

} // namespace

TEST_CASE("a patch that vanishes during the scan is scanned again") {
    FakeKernelTree tree;
    tree.set_enabled_patch("lp");
    // The reader hangs in the open of `enabled` until we open the other end: then it is in the
    // middle of its scan.
    auto const enabled = tree.path() / "sys/kernel/livepatch/lp/enabled";
    REQUIRE(::unlink(enabled.c_str()) == 0);
    REQUIRE(::mkfifo(enabled.c_str(), 0600) == 0);

    SECTION("its module stays: a disabled patch") {
        Background const kernel([&] {
            base::UniqueFd const fd(::open(enabled.c_str(), O_WRONLY | O_CLOEXEC));
            tree.set_module("lp", {.refcount = 0});
            tree.remove_patch("lp");
            base::write_all(fd.get(), "1\n", "pipe").value();
        });
        CHECK(observe(tree).patches.at(0).state == PatchState::disabled);
    }
    SECTION("its module goes too: nothing is left") {
        Background const kernel([&] {
            base::UniqueFd const fd(::open(enabled.c_str(), O_WRONLY | O_CLOEXEC));
            tree.remove_patch("lp");
            tree.remove_module("lp");
            base::write_all(fd.get(), "1\n", "pipe").value();
        });
        CHECK(observe(tree).patches.empty());
    }
    SECTION("another one comes: both are seen") {
        Background const kernel([&] {
            base::UniqueFd const fd(::open(enabled.c_str(), O_WRONLY | O_CLOEXEC));
            tree.set_module("new", {});
            tree.set_patch("new", {.transition = 1});
            tree.set_module("lp", {.refcount = 0});
            tree.remove_patch("lp");
            base::write_all(fd.get(), "1\n", "pipe").value();
        });
        auto const observation = observe(tree);
        REQUIRE(observation.patches.size() == 2);
        CHECK(observation.find("lp")->state == PatchState::disabled);
        CHECK(observation.find("new")->state == PatchState::enabling);
        CHECK(observation.find("new")->objects.size() == 1);
    }
}

TEST_CASE("a value that changes during the scan is read again") {
    FakeKernelTree tree;
    tree.set_enabled_patch("lp");
    auto const transition = tree.path() / "sys/kernel/livepatch/lp/transition";
    REQUIRE(::unlink(transition.c_str()) == 0);
    REQUIRE(::mkfifo(transition.c_str(), 0600) == 0);
    // enabled=1 has been read; now a disable gets on. 1 and 1 would be an enabling patch.
    Background const kernel([&] {
        base::UniqueFd const fd(::open(transition.c_str(), O_WRONLY | O_CLOEXEC));
        tree.set_patch("lp", {.enabled = 0, .transition = 1});
        base::write_all(fd.get(), "1\n", "pipe").value();
    });
    CHECK(observe(tree).patches.at(0).state == PatchState::disabling);
}

TEST_CASE("a tree that never holds still is told as last read") {
    FakeKernelTree tree;
    tree.set_module("lp", {});
    tree.set_patch("lp", {});
    tree.write("sys/kernel/livepatch/lp/transition", ""); // no kernel shows that
    auto const observation = observe(tree);
    REQUIRE(observation.patches.size() == 1);
    CHECK(observation.patches[0].state == PatchState::enabled);
}

TEST_CASE("patches that come and go all the time are never an error") {
    FakeKernelTree tree;
    tree.set_enabled_patch("stays");
    std::atomic<bool> stop = false;
    Background const kernel([&] {
        while (!stop) {
            tree.set_module("lp", {.initstate = "coming"});
            tree.set_patch("lp", {.enabled = 0, .transition = 0});
            tree.set_patch("lp", {.enabled = 1, .transition = 1});
            tree.set_module("lp", {.initstate = "live"});
            tree.set_patch("lp", {.enabled = 1, .transition = 0});
            tree.set_patch("lp", {.enabled = 0, .transition = 1});
            tree.remove_patch("lp");
            tree.set_module("lp", {.refcount = 0});
            tree.remove_module("lp");
        }
    });
    kernel::LivepatchTree livepatches(tree.root());
    std::vector<base::Error> errors;
    int lost = 0;
    for (int i = 0; i < 300; ++i) {
        auto const observation = livepatches.observe();
        if (!observation)
            errors.push_back(observation.error());
        else if (auto const* stays = observation->find("stays");
                 stays == nullptr || stays->state != PatchState::enabled)
            ++lost;
    }
    stop = true;
    CHECK(errors.empty());
    CHECK(lost == 0);
}
