#include "base/unique_fd.hpp"
#include "kernel/task_details.hpp"
#include "kernel/tasks.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <sys/fsuid.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace livepatch;
using support::FakeKernelTree;

namespace {

kernel::TaskScan scan(FakeKernelTree const& tree, int target) {
    return kernel::ProcTaskScanner(tree.root()).scan(target).value();
}

std::vector<pid_t> tids(kernel::TaskScan const& scan) {
    std::vector<pid_t> found;
    for (auto const& task : scan.tasks)
        found.push_back(task.tid);
    return found;
}

// For the file system this thread is nobody, without root's capabilities (capabilities(7),
// "Effect of user ID changes": setfsuid). Nothing happens where we are no root anyway.
class NobodysFiles {
public:
    NobodysFiles() : before_(static_cast<uid_t>(::setfsuid(nobody))) {}

    NobodysFiles(NobodysFiles const&) = delete;
    NobodysFiles& operator=(NobodysFiles const&) = delete;

    ~NobodysFiles() { ::setfsuid(before_); }

private:
    static constexpr uid_t nobody = 65534;
    uid_t before_;
};

} // namespace

TEST_CASE("tasks that are not in the target state block") {
    FakeKernelTree tree;
    tree.set_task({.pid = 1, .patch_state = 1});
    tree.set_task({.pid = 20, .patch_state = 0});
    tree.set_task({.pid = 3, .patch_state = 0});
    tree.set_task({.pid = 4, .patch_state = -1});
    CHECK(tids(scan(tree, 1)) == std::vector<pid_t>{3, 20});
    CHECK(tids(scan(tree, 0)) == std::vector<pid_t>{1});
    CHECK(scan(tree, 1).unreadable == 0);
}

TEST_CASE("threads count one by one") {
    FakeKernelTree tree;
    tree.set_task({.pid = 10, .patch_state = 1});
    tree.set_task({.pid = 10, .tid = 12, .patch_state = 0, .comm = "worker"});
    tree.set_task({.pid = 10, .tid = 11, .patch_state = 0});
    auto const found = scan(tree, 1);
    CHECK(tids(found) == std::vector<pid_t>{11, 12});
    CHECK(found.tasks[1].pid == 10);
    CHECK(found.tasks[1].comm == "worker");
}

TEST_CASE("a blocking task is described") {
    FakeKernelTree tree;
    tree.set_task({
        .pid = 812,
        .patch_state = 0,
        .comm = "postgres",
        .state = 'D',
        .cgroup = "0::/system.slice/postgresql.service\n",
        .wchan = "io_schedule",
        .stack = "[<0>] io_schedule+0x46/0x80\n[<0>] lp_fn+0x1/0x2 [lp_mod]\n",
        .uid = 107,
    });
    auto const found = scan(tree, 1);
    auto const& task = found.tasks.at(0);
    CHECK(task.pid == 812);
    CHECK(task.tid == 812);
    CHECK(task.comm == "postgres");
    CHECK_FALSE(task.kthread);
    CHECK(task.unit == "postgresql.service");
    CHECK(task.container.empty());
    CHECK(task.state == 'D');
    CHECK(task.wchan == "io_schedule");
    CHECK(task.uid == 107);
    CHECK(
        task.stack == std::vector<std::string>{"io_schedule+0x46/0x80", "lp_fn+0x1/0x2 [lp_mod]"}
    );
}

TEST_CASE("a kernel thread is one by its flags") {
    FakeKernelTree tree;
    tree.set_task({.pid = 2, .patch_state = 0, .comm = "kthreadd", .kthread = true, .state = 'I'});
    auto const found = scan(tree, 1);
    CHECK(found.tasks.at(0).kthread);
    CHECK(found.tasks.at(0).state == 'I');
    CHECK(found.tasks.at(0).wchan.empty()); // the file says "0"
    CHECK(found.tasks.at(0).stack.empty());
    CHECK(found.tasks.at(0).unit.empty());
}

TEST_CASE("a task's name may be anything") {
    FakeKernelTree tree;
    std::string const name = GENERATE(
        as<std::string>{}, "a b", ") R 1 2 3", "x)", "(((", "line\nfeed", "tail\n", "", "\xff\xfe"
    );
    CAPTURE(name);
    tree.set_task({.pid = 5, .patch_state = 0, .comm = name, .kthread = true, .state = 'D'});
    auto const found = scan(tree, 1);
    CHECK(found.tasks.at(0).comm == name);
    CHECK(found.tasks.at(0).state == 'D');
    CHECK(found.tasks.at(0).kthread);
}

TEST_CASE("details that cannot be read are left out") {
    FakeKernelTree tree;
    tree.set_task({.pid = 7, .patch_state = 0});
    for (auto const* file : {"comm", "stat", "status", "cgroup", "wchan", "stack"})
        std::filesystem::remove(tree.path() / "proc/7/task/7" / file);
    auto const found = scan(tree, 1);
    auto const& task = found.tasks.at(0);
    CHECK(task.tid == 7);
    CHECK(task.comm.empty());
    CHECK(task.state == '?');
    CHECK(task.stack.empty());
}

TEST_CASE("a task that ends meanwhile is no error") {
    FakeKernelTree tree;
    tree.set_task({.pid = 1, .patch_state = 1});
    std::filesystem::create_directories(tree.path() / "proc/8/task/8"); // files gone
    std::filesystem::create_directories(tree.path() / "proc/9");        // threads gone
    auto const found = scan(tree, 1);
    CHECK(found.tasks.empty());
    CHECK(found.unreadable == 0);
}

TEST_CASE("tasks that come and go all the time are no error") {
    FakeKernelTree tree;
    tree.set_task({.pid = 1, .patch_state = 0});
    std::atomic<bool> stop = false;
    std::thread kernel([&] {
        for (pid_t pid = 100; !stop; pid = pid == 120 ? 100 : pid + 1) {
            tree.set_task({.pid = pid, .patch_state = 0});
            tree.remove_task(pid, pid);
        }
    });
    kernel::ProcTaskScanner scanner(tree.root());
    int errors = 0;
    int missed = 0;
    for (int i = 0; i < 300; ++i) {
        auto const found = scanner.scan(1);
        errors += found.has_error() ? 1 : 0;
        missed += found && !found->tasks.empty() && found->tasks[0].tid == 1 ? 0 : 1;
    }
    stop = true;
    kernel.join();
    CHECK(errors == 0);
    CHECK(missed == 0);
}

namespace {

support::FakeTask task_called(std::string const& name) {
    return {
        .pid = 10,
        .tid = 11,
        .patch_state = 0,
        .comm = name,
        .cgroup = "0::/" + name + ".service\n",
        .wchan = name,
        .stack = "[<0>] " + name + "\n"};
}

bool is_wholly(kernel::BlockingTask const& task, std::string const& name) {
    return task.comm == name && task.unit == name + ".service" && task.wchan == name &&
           task.stack == std::vector{name} && task.state == 'S';
}

} // namespace

// A FIFO in the place of one of its files holds the scan there while the task ends and its id goes
// to another one.
TEST_CASE("what is told of a task is of one task, also when its id is used again") {
    FakeKernelTree tree;
    tree.set_task({.pid = 10, .patch_state = 1});
    tree.set_task(task_called("one"));
    auto const* file = GENERATE("comm", "stat", "status", "cgroup", "wchan", "stack");
    CAPTURE(file);
    auto const path = tree.path() / "proc/10/task/11" / file;
    auto const content = tree.read(std::filesystem::path("proc/10/task/11") / file);
    std::filesystem::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::thread kernel([&] {
        base::UniqueFd const fifo(::open(path.c_str(), O_WRONLY | O_CLOEXEC)); // when it is read
        tree.remove_task(10, 11);
        tree.set_task(task_called("other"));
        (void)!::write(fifo.get(), content.data(), content.size());
    });
    auto const found = scan(tree, 1);
    kernel.join();
    // The first task is gone, and blocks nothing any more.
    for (auto const& task : found.tasks)
        CHECK(is_wholly(task, "other"));
    auto const again = scan(tree, 1);
    REQUIRE(again.tasks.size() == 1);
    CHECK(is_wholly(again.tasks[0], "other"));
}

TEST_CASE("what is no task in /proc is passed over") {
    FakeKernelTree tree;
    tree.set_task({.pid = 1, .patch_state = 1});
    for (auto const* name : {"self", "sys", "12a", "-3", "0", "99999999999", " 4", "+5"})
        tree.write(std::filesystem::path("proc") / name / "task/6/patch_state", "0\n");
    tree.write("proc/1/task/x/patch_state", "0\n");
    tree.write("proc/1/task/-2/patch_state", "0\n");
    CHECK(scan(tree, 1).tasks.empty());
}

TEST_CASE("a patch_state that makes no sense is not blocking") {
    FakeKernelTree tree;
    tree.set_task({.pid = 1, .patch_state = 1});
    tree.set_task({.pid = 2, .patch_state = 0});
    tree.set_task({.pid = 3, .patch_state = 0});
    tree.write("proc/2/task/2/patch_state", "");
    tree.write("proc/3/task/3/patch_state", "x\n");
    CHECK(scan(tree, 1).tasks.empty());
}

TEST_CASE("tasks we may not read are counted") {
    FakeKernelTree tree;
    tree.set_task({.pid = 1, .patch_state = 0});
    tree.set_task({.pid = 2, .patch_state = 0});
    tree.set_task({.pid = 3, .patch_state = 0});
    REQUIRE(::chmod(tree.path().c_str(), 0755) == 0);
    REQUIRE(::chmod((tree.path() / "proc/2/task/2/patch_state").c_str(), 0) == 0);
    REQUIRE(::chmod((tree.path() / "proc/3").c_str(), 0) == 0); // as with hidepid=1

    NobodysFiles const nobody;
    auto const found = scan(tree, 1);
    CHECK(tids(found) == std::vector<pid_t>{1});
    CHECK(found.unreadable == 2);
}

TEST_CASE("a kernel without patch_state gives no answer") {
    FakeKernelTree const tree;
    std::filesystem::create_directories(tree.path() / "proc/1/task/1");
    auto const found = kernel::ProcTaskScanner(tree.root()).scan(1);
    REQUIRE(found.has_error());
    CHECK(found.error().code == base::Errc::unsupported);
}

TEST_CASE("an error that would hide tasks fails the scan") {
    FakeKernelTree tree;
    tree.set_task({.pid = 1, .patch_state = 1});
    std::filesystem::create_directories(tree.path() / "proc/2/task/2/patch_state");
    std::filesystem::create_directories(tree.path() / "proc/2/patch_state"); // read: EISDIR
    auto const found = kernel::ProcTaskScanner(tree.root()).scan(1);
    REQUIRE(found.has_error());
    CHECK(found.error().os_error == EISDIR);

    std::filesystem::remove_all(tree.path() / "proc");
    CHECK(kernel::ProcTaskScanner(tree.root()).scan(1).error().os_error == ENOENT);
}

TEST_CASE("thousands of tasks are all seen") {
    FakeKernelTree const tree;
    // By hand: only the file that is read for all of them.
    auto const put = [&](std::string const& directory, int state) {
        std::filesystem::create_directories(tree.path() / directory);
        std::ofstream(tree.path() / directory / "patch_state") << state << "\n";
    };
    for (int pid = 1; pid <= 3000; ++pid) {
        auto const process = "proc/" + std::to_string(pid);
        put(process + "/task/" + std::to_string(pid), pid % 3 == 0 ? 0 : 1);
        put(process, pid % 3 == 0 ? 0 : 1);
    }
    for (int tid = 5000; tid < 5300; ++tid)
        put("proc/5000/task/" + std::to_string(tid), 0);
    auto const found = scan(tree, 1);
    CHECK(found.tasks.size() == 1300);
    CHECK(found.tasks.front().tid == 3);
    CHECK(found.tasks.back().tid == 5299);
}

TEST_CASE("stat is parsed behind the last parenthesis and never beyond its end") {
    auto const parsed = [](std::string_view stat) {
        kernel::BlockingTask task;
        kernel::parse_stat(stat, task);
        return task;
    };
    CHECK(parsed("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0\n").kthread);
    CHECK(parsed("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0\n").state == 'S');
    CHECK_FALSE(parsed("1 (init) S 0 1 1 0 -1 4194560 0 0\n").kthread);
    for (auto const* cut : {"", "2", "2 (x", "2 (x)", "2 (x) ", "2 (x) S", "2 (x) S 0 0 0 0 -1"})
        CHECK(parsed(cut).state == '?');
}

TEST_CASE("the stack is a list of functions") {
    CHECK(kernel::parse_stack("").empty());
    CHECK(
        kernel::parse_stack("[<0>] do_wait+0x1/0x2\n[<0>] f+0x3/0x4 [mod]\n") ==
        std::vector<std::string>{"do_wait+0x1/0x2", "f+0x3/0x4 [mod]"}
    );
    CHECK(
        kernel::parse_stack("[<ffffffff8106f3e0>] do_wait+0x1/0x2\n"
                            "[<ffffffffffffffff>] 0xffffffffffffffff\n"
        ) == std::vector<std::string>{"do_wait+0x1/0x2"}
    );
    CHECK(kernel::parse_stack("[<0 f\n") == std::vector<std::string>{"[<0 f"});
}
