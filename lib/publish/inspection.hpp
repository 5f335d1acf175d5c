// A repository as a host sees it: through the client, from its root down to each byte.
#pragma once

#include "base/result.hpp"
#include "publish/times.hpp"
#include "trust/tuf/document.hpp"
#include "trust/tuf/source.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace livepatch::publish {

struct Inspection {
    struct Role {
        std::string name;
        std::int64_t version = 0;
        Time expires;
    };

    struct Patch {
        std::string release;
        std::string id;
        std::string severity;
        bool is_withdrawn = false;
    };

    std::string anchor_sha256;
    std::vector<Role> roles; // root, timestamp, snapshot, targets
    std::vector<Patch> patches;
    std::size_t kernels = 0;
    std::size_t files = 0;
    std::size_t bytes = 0;

    // The first of them to expire.
    Role const& soonest() const;
};

// Fetches everything. Errors: those of trust::tuf::Client, and verification_failed for a catalogue
// that is none, or that names a module other than the signed one.
base::Result<Inspection> inspect(trust::tuf::Source& source, trust::tuf::Document anchor, Time now);

} // namespace livepatch::publish
