// The catalogue of one kernel, as a publisher changes it.
#pragma once

#include "base/result.hpp"
#include "publish/module_facts.hpp"
#include "publish/times.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::publish {

// What the publisher knows better than the configuration of a host; "" and none = it is not said.
struct PatchBehaviour {
    std::string stall_after; // durations, as base::parse_duration takes them
    std::string reverse_after;
    std::string probation;
    std::vector<std::string> revert_on; // which harm takes it out: oops, bug, lockup, warn
    std::vector<std::string> states;    // of the system that it changes (klp_state): "ID:VERSION"
    bool reversible = true;
    bool force_ok = false;
};

// What the publisher says of a patch; "" and nothing = it is not said.
struct PatchDescription {
    std::string id;
    std::string severity;
    std::string type = "security";
    std::string summary;
    std::string details;
    std::vector<std::string> vulnerabilities; // "CVE-2026-1234", "CVE-2026-1234:CVSS:3.1/AV:…"
    std::vector<std::string> references;      // URLs of advisories
    std::vector<std::string> supersedes;
    std::vector<std::string> requires_ids;
    std::vector<std::string> conflicts;
    std::vector<std::string> kernel_build_ids;
    std::vector<std::string> rings; // as parse_rings takes them
    std::optional<std::int64_t> version;
    std::optional<bool> cumulative; // where the module does not tell
    PatchBehaviour behaviour;
};

// What the publisher says of the kernel itself; nothing = as it was said before.
struct KernelDescription {
    std::optional<std::string> support; // "supported" or another word; "" = it is not said
    std::optional<Time> support_ends;
    std::optional<std::string> reboot_into; // the release that is to follow; "" = none
    // What no livepatch mends, "CVE-2026-1234" or "CVE-2026-1234=why", and of that what another
    // kernel mends.
    std::vector<std::string> unfixed;
    std::vector<std::string> mended_by_reboot;
    std::vector<std::string> fixed; // ids of those that are none any more
};

class CatalogueDocument {
public:
    // Empty, for the kernels of a release.
    explicit CatalogueDocument(std::string const& release);

    // verification_failed: no catalogue of ours.
    static base::Result<CatalogueDocument> parse(std::string_view text, std::string_view subject);

    std::string release() const;

    // conflict: there is a patch of that id, unless it is to take its place. invalid_argument: what
    // is said of it makes no sense.
    base::Result<void>
    add(PatchDescription const& what, ModuleFacts const& facts, bool in_place_of_old);

    // invalid_argument: what is said of it makes no sense; then nothing is changed.
    base::Result<void> describe_kernel(KernelDescription const& what);

    bool has(std::string const& id) const { return find(id) != nullptr; }

    nlohmann::json const* find(std::string const& id) const;

    // The patch must be there.
    void set_rings(std::string const& id, nlohmann::json rings);
    void set_paused(std::string const& id, bool paused);
    void withdraw(std::string const& id, std::string const& reason, std::string const& action);

    // What is to hold from the publication on begins now. False when there was nothing of the kind.
    bool settle(Time now);

    // As small as it gets.
    std::string text() const;

    nlohmann::json const& content() const { return content_; }

private:
    explicit CatalogueDocument(nlohmann::json content);
    nlohmann::json& patch(std::string const& id);
    std::int64_t next_version() const;

    nlohmann::json content_;
};

} // namespace livepatch::publish
