// One module of a source: a file that was read and checked, or an entry of a catalogue whose file
// is read when it is wanted.
#pragma once

#include "base/error.hpp"
#include "module/livepatch_module.hpp"
#include "repository/patch_entry.hpp"
#include "repository/rollout.hpp"

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
    // Where it belongs in the stack order of its source (strverscmp); "" = the file's name says it.
    std::string place = {};
    RolloutPlan rollout = {};
    // Ids of others: what has to be in the kernel before it, what must not be with it, and what it
    // takes the place of.
    std::vector<std::string> needs = {};
    std::vector<std::string> conflicts = {};
    std::vector<std::string> supersedes = {};
    PatchTimes times = {};
    std::vector<SystemState> states = {}; // who tells them of one patch tells them of all
    bool reversible = true;               // false: enabled, it cannot be taken out without harm
    std::optional<Withdrawal> withdrawn = {};
    bool release_only = true;   // nothing says for which build of the kernel's release it is
    bool insecure = false;      // of a source that wants no signatures
    bool source_failed = false; // it is refused for what is wrong with all of its source
    std::optional<base::Error> refused = {}; // why it cannot go into this kernel; nothing = it can

    std::string const& name() const { return module.name; }

    // Whether a signed catalogue says what there is, and not the files in a directory.
    bool is_published() const { return !place.empty(); }

    std::string place_in_source() const { return place.empty() ? path.filename().string() : place; }
};

// Whether `left` comes before `right` when both have the same module name: usable before refused,
// then priority, source name, and the later place in the source.
bool preferred(Offer const& left, Offer const& right);

} // namespace livepatch::repository
