// The file in a repository that is a patch's module.
#pragma once

#include "base/result.hpp"
#include "repository/patch_entry.hpp"
#include "trust/tuf/client.hpp"

namespace livepatch::repository {

// verification_failed: catalogue and target do not say the same of it, or it can be no module. The
// other errors are those of tuf::Client::find.
base::Result<trust::tuf::Target> module_target(trust::tuf::Client& client, PatchEntry const& entry);

} // namespace livepatch::repository
