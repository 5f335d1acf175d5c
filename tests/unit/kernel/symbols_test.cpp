#include "kernel/symbols.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"

#include <cerrno>

using namespace livepatch;
using kernel::FunctionCounts;
using kernel::FunctionName;
using kernel::FunctionNames;

namespace {

FunctionNames const wanted({
    {.object = "vmlinux", .name = "cmdline_proc_show"},
    {.object = "vmlinux", .name = "name_show"},
    {.object = "nfsd", .name = "name_show"},
    {.object = "nfsd", .name = "absent"},
});

} // namespace

TEST_CASE("symbols are counted by object and whole name") {
    support::FakeKernelTree const tree;
    tree.write(
        "proc/kallsyms",
        "0000000000000000 T cmdline_proc_show\n"
        "0000000000000000 t cmdline_proc_show.cold\n"
        "0000000000000000 t name_show\n"
        "ffffffff81000000 d name_show\n" // of whatever kind
        "ffffffffc0000000 t name_show\t[nfsd]\n"
        "ffffffffc0000000 t name_show\t[other]\n"
        "ffffffffc0000000 t name_show\t[bpf]\n"
        "garbage\n"
        "0 t \n"
    );
    auto const counts = kernel::count_symbols(tree.root(), wanted).value();
    CHECK(
        counts ==
        FunctionCounts{
            {{.object = "vmlinux", .name = "cmdline_proc_show"}, 1},
            {{.object = "vmlinux", .name = "name_show"}, 2},
            {{.object = "nfsd", .name = "name_show"}, 1}}
    );
}

TEST_CASE("traceable functions are those that ftrace lists") {
    support::FakeKernelTree const tree;
    tree.write(
        "sys/kernel/tracing/available_filter_functions",
        "__ftrace_invalid_address___64\ncmdline_proc_show\nname_show [nfsd]\nname_show [other]\n"
    );
    auto const counts = kernel::count_traceable(tree.root(), wanted).value();
    CHECK(
        counts ==
        FunctionCounts{
            {{.object = "vmlinux", .name = "cmdline_proc_show"}, 1},
            {{.object = "nfsd", .name = "name_show"}, 1}}
    );
}

TEST_CASE("tracefs may be mounted where it was before") {
    support::FakeKernelTree const tree;
    tree.write("sys/kernel/debug/tracing/trace", "");
    tree.write("sys/kernel/debug/tracing/available_filter_functions", "cmdline_proc_show\n");
    CHECK(kernel::count_traceable(tree.root(), wanted).value().size() == 1);
}

TEST_CASE("where the symbols are hidden the unit gives them") {
    support::FakeKernelTree const tree;
    tree.write("run/livepatchd/kallsyms", "0 T cmdline_proc_show\n");
    CHECK(kernel::count_symbols(tree.root(), wanted).value().size() == 1);
    tree.write("run/livepatchd/kallsyms", ""); // what is left of a mount
    CHECK(kernel::count_symbols(tree.root(), wanted).error().os_error == ENOENT);
    tree.write("proc/kallsyms", "");
    CHECK_FALSE(kernel::count_symbols(tree.root(), wanted));
}

TEST_CASE("what cannot be read is an error and not nothing") {
    support::FakeKernelTree const tree;
    CHECK(kernel::count_symbols(tree.root(), wanted).error().os_error == ENOENT);
    CHECK(kernel::count_traceable(tree.root(), wanted).error().os_error == ENOENT);
}
