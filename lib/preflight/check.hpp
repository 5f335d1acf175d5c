// One item of the checklist before a load, and what was found.
#pragma once

#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::preflight {

enum class Outcome {
    passed,
    failed,         // the load is certain to fail
    warning,        // it will be loaded, but somebody should know this
    unknown,        // cannot be seen from here
    not_applicable, // does not concern this patch
};

std::string_view name(Outcome outcome);

struct Check {
    std::string name; // of the item; never changes
    Outcome outcome = Outcome::passed;
    std::string reason; // in words, with the things named
    std::string remedy = {};
    // With `failed`: what the load would end with, in the words of the errno table.
    std::optional<base::Error> error = {};
    // The reason without what only those see who may inspect others' tasks; "" = the same.
    std::string for_all = {};
};

using Checks = std::vector<Check>;

// The first that failed decides: they stand in the order in which they are looked at by us and then
// by the kernel. nullptr when none did.
Check const* decisive(Checks const& checks);

// The answer to "would it load?".
struct Verdict {
    std::string patch;       // module name; of a file that is none the file's; "" = the host alone
    std::string sha256 = {}; // of the unpacked module; "" = not known
    Checks checks = {};

    // What the load would end with; nothing = it would be loaded, as far as can be seen.
    std::optional<base::Error> error() const {
        auto const* check = decisive(checks);
        return check == nullptr ? std::nullopt : check->error;
    }
};

Check passed(std::string name, std::string reason);
Check warning(std::string name, std::string reason, std::string remedy = {});
Check not_applicable(std::string name, std::string reason);
// It cannot be read, and this is why.
Check unknown(std::string name, base::Error const& why);
Check unknown(std::string name, std::string reason);
// The load ends with this error.
Check failed(std::string name, base::Error error);

} // namespace livepatch::preflight
