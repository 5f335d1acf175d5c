// What decides whether this kernel, as it is now, would take a livepatch.
#pragma once

#include "base/result.hpp"
#include "kernel/function_users.hpp"
#include "kernel/keys.hpp"
#include "kernel/livepatch_tree.hpp"
#include "kernel/module_policy.hpp"
#include "kernel/rights.hpp"
#include "kernel/root.hpp"
#include "kernel/symbols.hpp"
#include "module/livepatch_module.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::preflight {

// A module that is patched.
struct TargetFact {
    bool loaded = false;
    bool out_of_tree = false; // not the kernel's own: taint flag O
};

// Of the functions that the patch changes, in objects that are loaded.
struct FunctionFacts {
    base::Result<kernel::FunctionCounts> symbols = {};
    base::Result<kernel::FunctionCounts> traceable = {};
    base::Result<std::vector<kernel::TracedFunction>> traced = {};
    base::Result<std::vector<kernel::Probe>> probes = {};
};

// What cannot be read is an error in its place.
struct Facts {
    bool livepatch = true; // /sys/kernel/livepatch is there
    kernel::ModulePolicy policy = {};
    base::Result<bool> secure_boot = {};
    base::Result<kernel::Rights> rights = {};
    std::string container = {};               // what runs the one that we are in
    base::Result<std::string> blacklist = {}; // module_blacklist=: names, with commas between
    base::Result<std::vector<kernel::KernelKey>> keys = {};
    base::Result<kernel::Observation> observed = {};
    base::Result<std::uint64_t> free_space = {}; // bytes, where the state is kept

    // With a patch:
    std::optional<std::string> initstate = {}; // of the module that bears its name
    std::vector<std::string> missing = {};     // modules it depends on that are not live
    std::map<std::string, TargetFact> targets = {};
    std::optional<FunctionFacts> functions = {}; // nothing = not looked at
    std::optional<bool> reliable_stacks = {};    // nothing = not known
};

// Which facts: those that may make a load fail and cost a few small files; or all, also those for
// which the firmware is asked, or for which the kernel has to write a list of all its functions,
// which takes it a tenth of a second and more.
enum class Depth { quick, thorough };

Facts read_facts(
    kernel::Root const& root,
    std::filesystem::path const& state_directory,
    module::LivepatchModule const* patch,
    Depth depth
);

} // namespace livepatch::preflight
