// Looks at the running kernel for the sake of a load: before it, and when it failed.
#pragma once

#include "base/error.hpp"
#include "kernel/root.hpp"
#include "preflight/check.hpp"
#include "preflight/checklist.hpp"
#include "trust/verified_patch.hpp"

#include <filesystem>
#include <optional>

namespace livepatch::preflight {

// Copies are cheap. Reads files that the kernel writes as they are read; thorough looks take a
// tenth of a second and more, so on a worker.
class Preflight {
public:
    Preflight(
        kernel::Root root,
        std::filesystem::path state_directory,
        std::filesystem::path key_directory // certificates of those whose modules are trusted
    );

    // What is certain to make a load fail now, by what costs nearly nothing to look at. Whether the
    // functions are there and can be hooked the kernel looks up itself, before it changes anything.
    std::optional<base::Error> obstacle(trust::VerifiedPatch const& patch) const;

    kernel::Root const& root() const { return root_; }

    std::filesystem::path const& key_directory() const { return key_directory_; }

    // Everything, with nullptr about the host alone.
    Checks examine(Subject const* subject) const;

    // The error of a load that the kernel refused, with what the look at it now finds out about it.
    base::Error explained(trust::VerifiedPatch const& patch, base::Error error) const;

private:
    Subject subject_of(trust::VerifiedPatch const& patch) const;

    kernel::Root root_;
    std::filesystem::path state_directory_;
    std::filesystem::path key_directory_;
};

} // namespace livepatch::preflight
