#include "preflight/facts.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "kernel/identity.hpp"
#include "kernel/live_module.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace livepatch::preflight {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kernel_itself = "vmlinux";

// A symbol of kernels that can tell reliably where a task is (arch/Kconfig:
// HAVE_RELIABLE_STACKTRACE). On x86 that takes the ORC tables.
kernel::FunctionName reliable_stack_sign() {
#if defined(__x86_64__)
    return {.object = "vmlinux", .name = "__start_orc_unwind"};
#else
    return {.object = "vmlinux", .name = "arch_stack_walk_reliable"};
#endif
}

base::Result<std::uint64_t> free_space(fs::path const& directory) {
    struct statvfs status = {};
    if (::statvfs(directory.c_str(), &status) != 0)
        return base::system_error(directory.string(), "cannot examine", errno);
    return std::uint64_t{status.f_bfree} * status.f_frsize; // what is kept for root is for us
}

TargetFact target_fact(kernel::Root const& root, std::string const& module) {
    auto const taint = base::read_file(root.sys / "module" / module / "taint", 64);
    return {
        .loaded = kernel::is_live(root, module),
        .out_of_tree = taint && taint->find('O') != std::string::npos};
}

std::optional<std::string> initstate(kernel::Root const& root, std::string const& module) {
    auto const state = base::read_file(root.sys / "module" / module / "initstate", 64);
    if (!state)
        return std::nullopt;
    return std::string(base::trimmed(*state));
}

std::vector<kernel::FunctionName>
functions_of(module::LivepatchModule const& patch, Facts const& facts) {
    std::vector<kernel::FunctionName> names;
    for (auto const& object : patch.objects) {
        auto const target = facts.targets.find(object.name);
        if (target != facts.targets.end() && !target->second.loaded)
            continue;
        for (auto const& function : object.functions)
            names.push_back({.object = object.name, .name = function.name});
    }
    return names;
}

void read_functions(kernel::Root const& root, module::LivepatchModule const& patch, Facts& facts) {
    auto names = functions_of(patch, facts);
    kernel::FunctionNames const wanted(names);
    names.push_back(reliable_stack_sign());
    auto symbols = kernel::count_symbols(root, kernel::FunctionNames(std::move(names)));
    if (symbols)
        facts.reliable_stacks = symbols->contains(reliable_stack_sign());
    facts.functions = FunctionFacts{
        .symbols = std::move(symbols),
        .traceable = kernel::count_traceable(root, wanted),
        .traced = kernel::traced_functions(root, wanted),
        .probes = kernel::probes(root, wanted)};
}

void read_patch(kernel::Root const& root, module::LivepatchModule const& patch, Facts& facts) {
    facts.initstate = initstate(root, patch.name);
    for (auto const& module : patch.depends)
        if (!kernel::is_live(root, module))
            facts.missing.push_back(module);
    for (auto const& object : patch.objects)
        if (object.name != kernel_itself)
            facts.targets.emplace(object.name, target_fact(root, object.name));
}

void read_the_rest(
    kernel::Root const& root,
    fs::path const& state_directory,
    module::LivepatchModule const* patch,
    Facts& facts
) {
    static module::LivepatchModule const nothing;
    facts.secure_boot = kernel::secure_boot(root);
    if (auto identity = kernel::identify(root))
        facts.container = std::move(identity->container);
    facts.observed = kernel::LivepatchTree(root).observe();
    facts.free_space = free_space(state_directory);
    read_functions(root, patch == nullptr ? nothing : *patch, facts);
}

} // namespace

Facts read_facts(
    kernel::Root const& root,
    fs::path const& state_directory,
    module::LivepatchModule const* patch,
    Depth depth
) {
    std::error_code ignored;
    Facts facts{
        .livepatch = fs::is_directory(root.sys / "kernel/livepatch", ignored),
        .policy = kernel::module_policy(root),
        .rights = kernel::rights(root),
        .blacklist = base::read_file(root.sys / "module/kernel/parameters/module_blacklist")};
    bool const thorough = depth == Depth::thorough;
    if (facts.policy.wants_known_signer() || thorough)
        facts.keys = kernel::kernel_keys(root);
    if (patch != nullptr)
        read_patch(root, *patch, facts);
    if (thorough)
        read_the_rest(root, state_directory, patch, facts);
    return facts;
}

} // namespace livepatch::preflight
