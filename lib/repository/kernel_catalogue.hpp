// The catalogue that a repository publishes for one kernel: catalog/ARCH/RELEASE.json. What all
// sources of this host offer together is in catalogue.hpp.
#pragma once

#include "base/result.hpp"
#include "repository/patch_entry.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

inline constexpr std::size_t max_catalogue_size = std::size_t{32} * 1024 * 1024;
inline constexpr std::size_t most_catalogue_patches = 16'384;

// Of very many patches those are kept that others which are kept require, then those that may reach
// the host's ring, then those that are taken back or for others; the newest of each. Nobody goes
// back so far, and each would cost memory for nothing.
inline constexpr std::size_t most_kept_patches = 256;

// A vulnerability of this kernel that no livepatch mends.
struct Unfixed {
    std::string id;
    std::string reason;  // may hold anything; "" = none given
    bool reboot = false; // another kernel mends it
};

// By digest of the module.
using TakenBack = std::map<std::string, Withdrawal, std::less<>>;

struct KernelCatalogue {
    KernelEntry kernel;
    std::vector<PatchEntry> patches; // in their stack order: see stack_place()
    TakenBack withdrawn;             // of all, also of those that are not kept
    std::vector<Unfixed> unfixed;
};

// What is wrong with any patch is refused, also with one that is not kept. `ring`: of the host that
// the catalogue is read for.
// Unknown keys are ignored. verification_failed, naming `subject` and where: another schema, a
// known key that is not of its form, what flat_json.hpp refuses, a patch without id, module name,
// path or SHA-256, a kernel without release, an id twice with one version, a module twice.
base::Result<KernelCatalogue> parse_kernel_catalogue(
    std::string_view text, std::string_view subject, std::string_view ring = "default"
);

// The same for the catalogue that is published for a kernel: it has to be of that one.
base::Result<KernelCatalogue> parse_catalogue_of(
    std::string_view release,
    std::string_view text,
    std::string_view subject,
    std::string_view ring = "default"
);

// The target that is the catalogue of a kernel.
std::string catalogue_path(std::string_view arch, std::string_view release);

// Where a patch belongs among those of its catalogue, as a text of which strverscmp tells the
// order: by version, then by time of publication, then by id.
std::string stack_place(PatchEntry const& patch);

} // namespace livepatch::repository
