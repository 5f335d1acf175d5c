// lprepo refresh: timestamp.json is signed anew, and snapshot and brake when half of their life is
// over. For cron: it needs the online key alone. What was changed and not published stays so.
// --json: as publish

#include "lprepo/publishing.hpp"
#include "lprepo/verbs.hpp"

namespace livepatch::lprepo {

Outcome<int> refresh(Context& context, CommonOptions const& options) {
    return publish_scope(context, options, publish::Publication::Scope::online);
}

} // namespace livepatch::lprepo
