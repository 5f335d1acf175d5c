#include "kernel/function_users.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <cerrno>

using namespace livepatch;
using kernel::FunctionNames;

namespace {

FunctionNames const wanted({
    {.object = "vmlinux", .name = "cmdline_proc_show"},
    {.object = "vmlinux", .name = "meminfo_proc_show"},
    {.object = "nfsd", .name = "nfsd_open"},
});

} // namespace

TEST_CASE("ftrace tells whose functions are redirected") {
    support::FakeKernelTree const tree;
    // As 6.1 and 6.12 write it.
    tree.write(
        "sys/kernel/tracing/enabled_functions",
        "cmdline_proc_show (1) R I     \ttramp: 0xffffffffc0398000 "
        "(klp_ftrace_handler+0x0/0x1d0) ->klp_ftrace_handler+0x0/0x1d0\n"
        "meminfo_proc_show (1)     D   ->arch_ftrace_ops_list_func+0x0/0x200\n"
        "\tdirect-->bpf_trampoline_6442\n"
        "nfsd_open [nfsd] (2) R   \t\n"
        "other (1) R I \n"
    );
    auto const traced = kernel::traced_functions(tree.root(), wanted).value();
    REQUIRE(traced.size() == 3);
    CHECK(traced[0].function.name == "cmdline_proc_show");
    CHECK(traced[0].redirected);
    CHECK_FALSE(traced[0].direct);
    CHECK_FALSE(traced[1].redirected);
    CHECK(traced[1].direct);
    CHECK(traced[2].function.object == "nfsd");
    CHECK_FALSE(traced[2].redirected);
}

TEST_CASE("probes are told with where they are") {
    support::FakeKernelTree const tree;
    tree.write(
        "sys/kernel/debug/kprobes/list",
        "ffffffff8134b3a0  k  cmdline_proc_show+0x0    [FTRACE]\n"
        "ffffffff8134b3b0  r  meminfo_proc_show+0x1c    [OPTIMIZED]\n"
        "0000000000000000  k  nfsd_open+0x4  nfsd [DISABLED][FTRACE]\n"
        "ffffffff8134b3a0  k  other+0x0    \n"
        "ffffffff8134b3a0  k  nfsd_open+0x0  other [FTRACE]\n"
        "short\n"
    );
    auto const probes = kernel::probes(tree.root(), wanted).value();
    REQUIRE(probes.size() == 3);
    CHECK(probes[0].words() == "kprobe at cmdline_proc_show+0x0");
    CHECK(probes[0].by_ftrace);
    CHECK(probes[0].acts);
    CHECK(probes[1].words() == "kretprobe at meminfo_proc_show+0x1c");
    CHECK_FALSE(probes[1].by_ftrace);
    CHECK(probes[2].function.object == "nfsd");
    CHECK_FALSE(probes[2].acts);
}

TEST_CASE("what cannot be read of the users of functions is an error") {
    support::FakeKernelTree const tree;
    CHECK(kernel::traced_functions(tree.root(), wanted).error().os_error == ENOENT);
    CHECK(kernel::probes(tree.root(), wanted).error().os_error == ENOENT);
}
