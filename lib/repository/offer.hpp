// One module file of a source, read and checked.
#pragma once

#include "base/error.hpp"
#include "module/livepatch_module.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::repository {

struct Offer {
    std::string source = {};
    int priority = 50;
    std::filesystem::path path = {};
    std::string id = {}; // the catalogue's; equals the module's name for bare modules
    // Of a file that cannot be parsed there is only the name, made from the file's.
    module::LivepatchModule module = {};
    std::string sha256 = {}; // of the unpacked module; "" when the file cannot be read
    std::string signer = {}; // "" unless verified
    // Of the catalogue; "" and none where there is none.
    std::string version = {};
    std::string severity = {};
    std::vector<std::string> cves = {};
    bool release_only = true; // nothing says for which build of the kernel's release it is
    bool insecure = false;    // of a source that wants no signatures
    std::optional<base::Error> refused = {}; // why it cannot go into this kernel; nothing = it can

    std::string const& name() const { return module.name; }
};

// Whether `left` comes before `right` when both have the same module name: usable before refused,
// then priority, source name, and the later file name in version order (strverscmp).
bool preferred(Offer const& left, Offer const& right);

} // namespace livepatch::repository
