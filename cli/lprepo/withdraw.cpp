// lprepo withdraw: takes a patch back, for good.
// --json: as change_patch

#include "lprepo/changing.hpp"
#include "lprepo/verbs.hpp"

namespace livepatch::lprepo {

Outcome<int> withdraw(Context& context, PatchOptions const& options) {
    if (options.action != "hold" && options.action != "revert")
        return cli::usage_error(
            options.action + ": no such action", "write --action hold or --action revert"
        );
    return change_patch(
        context,
        options,
        [&](publish::CatalogueDocument& catalogue) {
            catalogue.withdraw(options.patch, options.reason, options.action);
        },
        "withdrawn"
    );
}

} // namespace livepatch::lprepo
