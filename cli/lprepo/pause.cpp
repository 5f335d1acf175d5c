// lprepo pause: no more hosts get a patch; those that have it keep it.
// --json: as change_patch

#include "lprepo/changing.hpp"
#include "lprepo/verbs.hpp"

namespace livepatch::lprepo {

Outcome<int> pause(Context& context, PatchOptions const& options) {
    return change_patch(
        context,
        options,
        [&](publish::CatalogueDocument& catalogue) {
            catalogue.set_paused(options.patch, !options.undo);
        },
        options.undo ? "goes on" : "paused"
    );
}

} // namespace livepatch::lprepo
