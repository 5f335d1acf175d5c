// lprepo rollout: in which steps hosts get a patch, from the next publication on.
// --json: as change_patch

#include "lprepo/changing.hpp"
#include "lprepo/verbs.hpp"
#include "publish/rollout_steps.hpp"

namespace livepatch::lprepo {

Outcome<int> rollout(Context& context, PatchOptions const& options) {
    auto const rings = publish::parse_rings(options.rings);
    if (!rings)
        return Failure(rings.error());
    return change_patch(
        context,
        options,
        [&](publish::CatalogueDocument& catalogue) { catalogue.set_rings(options.patch, *rings); },
        "rolled out in new steps"
    );
}

} // namespace livepatch::lprepo
