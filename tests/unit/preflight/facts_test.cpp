// The facts as they are read from a kernel of files, and the whole way to a verdict.
#include "preflight/facts.hpp"
#include "preflight/preflight.hpp"
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <filesystem>
#include <string>

using namespace livepatch;
using preflight::Depth;

namespace {

module::LivepatchModule a_module() {
    module::LivepatchModule module;
    module.name = "lp_one";
    module.depends = {"sunrpc"};
    module.objects = {
        {.name = "vmlinux", .functions = {{.name = "cmdline_proc_show"}}},
        {.name = "nfsd", .functions = {{.name = "nfsd_open"}}},
        {.name = "absent", .functions = {{.name = "somewhere"}}}};
    return module;
}

} // namespace

TEST_CASE("the facts of a kernel and a patch") {
    support::FakeKernelTree tree;
    support::TemporaryDirectory const state;
    tree.set_module("nfsd", {.taint = "OE"});
    tree.set_module("sunrpc", {.taint = ""});
    tree.set_module("lp_one", {});
    tree.write("proc/sys/kernel/ftrace_enabled", "1\n");
    tree.write("sys/module/kernel/parameters/module_blacklist", "lp_two\n");
    tree.write("proc/keys", "");
    tree.write(
        "proc/kallsyms",
        "0 T cmdline_proc_show\n0 R __start_orc_unwind\n0 t nfsd_open\t[nfsd]\n0 t somewhere\n"
    );
    tree.write(
        "sys/kernel/tracing/available_filter_functions", "cmdline_proc_show\nnfsd_open [nfsd]\n"
    );
    tree.write("sys/kernel/tracing/enabled_functions", "");
    tree.write("sys/kernel/debug/kprobes/list", "");
    auto const module = a_module();
    auto const facts = preflight::read_facts(tree.root(), state.path(), &module, Depth::thorough);
    CHECK(facts.livepatch);
    CHECK(*facts.policy.ftrace_enabled);
    CHECK(facts.initstate == "live");
    CHECK(facts.missing.empty());
    CHECK(facts.targets.at("nfsd").loaded);
    CHECK(facts.targets.at("nfsd").out_of_tree);
    CHECK_FALSE(facts.targets.at("absent").loaded);
    CHECK(*facts.free_space > 0);
    CHECK(*facts.blacklist == "lp_two\n");
    REQUIRE(facts.functions);
    CHECK(facts.functions->symbols->size() == 3); // with the sign of reliable stacks
    CHECK(facts.functions->traceable->size() == 2);
    CHECK(facts.functions->traced->empty());
#if defined(__x86_64__)
    CHECK(facts.reliable_stacks == true);
#endif
}

TEST_CASE("a quick look does not read what the kernel takes long to write") {
    support::FakeKernelTree const tree;
    auto const module = a_module();
    auto const facts = preflight::read_facts(tree.root(), tree.path(), &module, Depth::quick);
    CHECK_FALSE(facts.functions);
    CHECK_FALSE(facts.reliable_stacks);
    CHECK(facts.missing == std::vector<std::string>{"sunrpc"});
}
