// The checklist before a load: facts about the kernel × a patch → what would come of it. Pure.
#pragma once

#include "base/error.hpp"
#include "module/livepatch_module.hpp"
#include "preflight/check.hpp"
#include "preflight/facts.hpp"
#include "trust/module_signature.hpp"

#include <optional>
#include <string>
#include <vector>

namespace livepatch::preflight {

// A patch, as far as it is known.
struct Subject {
    module::LivepatchModule const& module;
    // Who signed it; none = it is not signed; an error = the signature is no signature; nothing =
    // its bytes were not to be had.
    std::optional<base::Result<std::vector<trust::SignerName>>> signers = {};
    bool enabled = false;       // it is what is in the kernel
    bool leftover_goes = false; // what bears its name is disabled, and we unload it before
};

// What concerns the host alone with nullptr.
Checks examine(Facts const& facts, Subject const* subject);

// What depends on its functions; for examine().
Checks examine_functions(Facts const& facts, Subject const& subject);

// "depends on the module 'X', which is not loaded": the kernel would name none.
base::Error missing_dependency(std::string const& patch, std::string const& module);

} // namespace livepatch::preflight
