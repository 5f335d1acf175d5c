// lprepo publish: signs what was changed, and lets hosts see it.
// --json: {"schema":1,"directory","changed":[ROLE…],"roles":{ROLE:{"version","expires"}}}

#include "lprepo/publishing.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "lprepo/workshop.hpp"

namespace livepatch::lprepo {

Outcome<int> publish_all(Context& context, CommonOptions const& options) {
    auto published = publish_scope(context, options, publish::Publication::Scope::everything);
    if (!published)
        return published.error();
    if (options.json)
        return exit_status::done;
    auto& out = context.out;
    out << "\nTo a web server, with timestamp.json last:\n"
        << "  rsync -a " << options.directory << "/targets " << options.directory
        << "/metadata --exclude timestamp.json WEB:DIRECTORY/\n"
        << "  rsync -a " << options.directory
        << "/metadata/timestamp.json WEB:DIRECTORY/metadata/\n";
    return exit_status::done;
}

} // namespace livepatch::lprepo
