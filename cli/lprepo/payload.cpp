// lprepo payload: the bytes that a key elsewhere is to sign, as they are.
// --json: {"schema":1,"role","version","payload":HEX,"keys":[ID…]}

#include "base/text.hpp"
#include "cli/json_output.hpp"
#include "lprepo/signing.hpp"
#include "lprepo/verbs.hpp"

#include <span>

namespace livepatch::lprepo {

Outcome<int> payload(Context& context, RoleOptions const& options) {
    auto signing = Signing::open(context, options, false);
    if (!signing)
        return signing.error();
    // So that what comes back is a signature of the very same.
    if (auto good = signing->keep(signing->document()); !good)
        return Failure(good.error());
    auto const bytes = signing->document().payload();
    if (!options.json) {
        context.out << bytes;
        return exit_status::done;
    }
    auto keys = Json::array();
    for (auto const& key : signing->authority().keys)
        keys.push_back(key.id());
    cli::print(
        context.out,
        {{"schema", 1},
         {"role", options.role},
         {"version", signing->document().version()},
         {"payload", base::hex(std::as_bytes(std::span(bytes)))},
         {"keys", std::move(keys)}}
    );
    return exit_status::done;
}

} // namespace livepatch::lprepo
