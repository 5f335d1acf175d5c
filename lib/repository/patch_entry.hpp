// What a publisher says of one patch and of the kernel it is for: in a catalogue, and in a sidecar.
#pragma once

#include "module/livepatch_module.hpp"
#include "repository/entry_reader.hpp"
#include "repository/rollout.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

inline constexpr std::string_view catalogue_schema = "livepatchd.catalog/1";

struct Withdrawal {
    std::string reason;  // may hold anything; "" = none given
    bool revert = false; // the publisher wants it out of the kernel, too

    bool operator==(Withdrawal const&) const = default;
};

// What the publisher knows better than the configuration; nothing = it does not say.
struct PatchTimes {
    std::optional<std::chrono::seconds> stall_after = {};
    std::optional<std::chrono::seconds> reverse_after = {};
    std::optional<std::chrono::seconds> probation = {};
    std::optional<std::vector<std::string>> revert_on = {};

    bool operator==(PatchTimes const&) const = default;
};

// A change of the system's state that outlives a patch's functions (struct klp_state, kernel 5.5).
struct SystemState {
    std::uint64_t id = 0;      // the publisher's own numbering; never 0
    std::uint64_t version = 0; // of what the patch does with it

    bool operator==(SystemState const&) const = default;
};

// As far as something here acts on it; "", 0, none and nothing = it does not say.
struct PatchEntry {
    std::string id;
    std::optional<std::uint64_t> version; // the order of a catalogue's patches
    std::string severity;                 // see is_severity()
    std::string summary;                  // may hold anything
    std::vector<std::string> cves;        // each once
    std::optional<Time> published;
    std::optional<Withdrawal> withdrawn;

    // Digest and length are those of the unpacked file.
    struct Module {
        std::string name;
        std::string path; // of the target in the repository
        std::string sha256;
        std::optional<std::uint64_t> length;
        std::string build_id;

        bool operator==(Module const&) const = default;
    };

    Module module;

    // Modules, or vmlinux, that it patches, with the builds of them that it fits.
    struct Target {
        std::string object;
        std::vector<std::string> build_ids;

        bool operator==(Target const&) const = default;
    };

    std::vector<Target> targets;
    std::vector<module::Object> functions;
    std::optional<bool> replace;

    // Ids of other patches.
    std::vector<std::string> supersedes;
    std::vector<std::string> needs;     // have to be in the kernel before it
    std::vector<std::string> conflicts; // must not be in the kernel with it

    std::optional<Rollout> rollout;
    PatchTimes times;
    std::vector<SystemState> states; // each id once
    bool reversible = true;          // false: it cannot be taken out again without harm
    bool force_ok = false;           // its transition may be forced without harm

    bool operator==(PatchEntry const&) const = default;
};

struct KernelEntry {
    std::string release;
    std::string arch;
    std::vector<std::string> build_ids;
    std::string support_status;
    std::optional<Time> support_ends;
    std::string reboot_into; // the release that is to follow
};

// Each reads the members of its own; what is wrong is told to the reader.
PatchEntry read_patch_entry(EntryReader const& entry);
KernelEntry read_kernel_entry(EntryReader const& kernel);

// Where there is a "schema", it must be the one that is known.
void check_schema(EntryReader const& text, std::string_view schema);

} // namespace livepatch::repository
