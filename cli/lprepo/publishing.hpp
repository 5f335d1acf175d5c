// What publish, refresh and brake have in common: sign, write, and say so.
#pragma once

#include "lprepo/context.hpp"
#include "lprepo/options.hpp"
#include "publish/publication.hpp"

namespace livepatch::lprepo {

struct Workshop;

Outcome<int>
publish_scope(Context& context, CommonOptions const& options, publish::Publication::Scope scope);

// With a workshop that is open already.
Outcome<int> publish_scope(
    Context& context,
    CommonOptions const& options,
    publish::Publication::Scope scope,
    Workshop& workshop
);

} // namespace livepatch::lprepo
