// The truth about this host's livepatches as one value. D-Bus properties, status.json, metrics and
// the terminal all show this, so they cannot tell different stories.
#pragma once

#include "base/patch_state.hpp"
#include "report/vocabulary.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::report {

using Time = std::chrono::system_clock::time_point; // the epoch = not known

struct FunctionReport {
    std::string object; // "vmlinux" or a module
    std::string name;
    bool patched = false; // the object is patched: false while its module is not loaded

    bool operator==(FunctionReport const&) const = default;
};

struct CandidateReport {
    std::string source;
    std::string id;
    std::string sha256;
    bool chosen = false;

    bool operator==(CandidateReport const&) const = default;
};

struct TransitionReport {
    Time since;
    std::uint32_t tasks_remaining = 0; // as of the last scan, at most about a second ago

    bool operator==(TransitionReport const&) const = default;
};

struct PatchReport {
    std::string name; // the module's
    std::string id;   // the catalogue's; equals the name for bare modules
    std::string version;
    base::PatchState state = base::PatchState::absent;
    Disposition disposition = Disposition::available;
    std::vector<std::string>
        flags;          // forced, pinned, permanent, insecure, held, withdrawn, release-only
    std::string reason; // for people: why the disposition is what it is; "" = goes without saying
    std::string source; // name of the source, "" when loaded by somebody else
    std::string severity;
    std::vector<std::string> cves;
    std::string sha256; // of the loaded module, else of the chosen candidate; "" = not known
    std::string signer;
    Replace replace = Replace::unknown;
    std::optional<TransitionReport> transition;
    std::vector<FunctionReport> functions;
    std::vector<CandidateReport> candidates;
    Time loaded_at;
    Probation probation = Probation::none;

    bool operator==(PatchReport const&) const = default;
};

struct KernelReport {
    std::string release;
    std::string version;
    std::string build_id;
    bool livepatch = false;

    bool operator==(KernelReport const&) const = default;
};

// A patch for a kernel that does not run.
struct AheadReport {
    std::string name; // the module's
    std::string id;   // the catalogue's
    std::string version;
    std::string severity;
    std::vector<std::string> cves;
    std::string source;
    std::string sha256;
    std::string signer; // "" = its module is not here, or not good
    // Whether it is here and verified, and would be loaded if that kernel ran now.
    bool ready = false;
    std::string reason; // for people: why it is not; "" when it is

    bool operator==(AheadReport const&) const = default;
};

// A kernel that is installed and does not run, and what signed repositories have for it.
struct OtherKernelReport {
    std::string release;
    std::vector<AheadReport> patches;  // in the order in which they would be loaded
    std::vector<std::string> problems; // for people: why there may be more than these

    bool operator==(OtherKernelReport const&) const = default;
};

struct Report {
    Health health = Health::ok;
    // Each a code of its own that never changes, with ": " and words for people after it where the
    // code does not say it all: "state-not-persistent: /var/lib/livepatchd: cannot …".
    std::vector<std::string> health_reasons;
    KernelReport kernel;
    Mode mode = Mode::manual;
    Stage stage = Stage::idle;
    Time last_refresh;
    Time metadata_expires;
    bool reboot_needed = false;
    std::vector<std::string> reboot_reasons;
    std::vector<PatchReport> patches;             // sorted by name
    std::vector<OtherKernelReport> other_kernels; // the newest first

    bool operator==(Report const&) const = default;
};

} // namespace livepatch::report
