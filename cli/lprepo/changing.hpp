// What rollout, pause and withdraw have in common.
#pragma once

#include "lprepo/catalogues.hpp"
#include "lprepo/context.hpp"

#include <string>

namespace livepatch::lprepo {

// Changes the patch in the draft, and says that it takes a publication.
// --json: {"schema":1,"id","releases":[…],"result"}
Outcome<int> change_patch(
    Context& context,
    PatchOptions const& options,
    Catalogues::Change const& change,
    std::string const& result
);

} // namespace livepatch::lprepo
