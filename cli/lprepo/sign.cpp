// lprepo sign: signs a role with keys at hand, as far as they go.
// --json: see Signing::tell

#include "lprepo/signing.hpp"
#include "lprepo/verbs.hpp"

namespace livepatch::lprepo {

Outcome<int> sign(Context& context, RoleOptions const& options) {
    auto signing = Signing::open(context, options, true);
    if (!signing)
        return signing.error();
    if (auto good = signing->keep(signing->document()); !good)
        return Failure(good.error());
    signing->tell(context, options);
    return exit_status::done;
}

} // namespace livepatch::lprepo
