#include "lprepo/publishing.hpp"

#include "cli/json_output.hpp"
#include "lprepo/wording.hpp"
#include "lprepo/workshop.hpp"

#include <algorithm>

namespace livepatch::lprepo {

namespace {

// A root that is about to expire needs people with keys: told in time.
constexpr auto root_warning = std::chrono::hours(60 * 24);

Json result_json(publish::Tree const& tree, publish::Publication const& publication) {
    auto changed = Json::array();
    auto roles = versions_json(publication);
    for (auto const& [role, entry] : roles.items())
        if (publication.is_new(role))
            changed.push_back(role);
    return {
        {"schema", 1},
        {"directory", tree.directory().string()},
        {"changed", std::move(changed)},
        {"roles", std::move(roles)}};
}

void print_words(
    Context const& context, std::string const& directory, publish::Publication const& publication
) {
    auto const expires = publication.document("timestamp").expires();
    context.out << "Published " << directory << ": " << versions_text(publication) << ".\n"
                << "Good until " << moment(expires) << ": run 'lprepo refresh " << directory
                << "' well before, from cron or a timer.\n";
    auto const root_expires = publication.document("root").expires();
    if (root_expires - context.now() < root_warning)
        context.err << "lprepo: root.json expires on " << moment(root_expires)
                    << ", and the repository with it: run 'lprepo rotate " << directory
                    << "' with the root keys\n";
}

} // namespace

Outcome<int> publish_scope(
    Context& context,
    CommonOptions const& options,
    publish::Publication::Scope scope,
    Workshop& workshop
) {
    auto publication = workshop.publication(context);
    if (!publication)
        return Failure(publication.error());
    auto const waiting = publication->prepare(scope);
    if (!waiting)
        return Failure(waiting.error());
    if (*waiting)
        return lacks_signatures(options.directory, **waiting);
    if (auto good = publication->write(); !good)
        return Failure(good.error());
    if (options.json)
        cli::print(context.out, result_json(workshop.tree, *publication));
    else
        print_words(context, options.directory, *publication);
    return exit_status::done;
}

Outcome<int>
publish_scope(Context& context, CommonOptions const& options, publish::Publication::Scope scope) {
    auto workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    return publish_scope(context, options, scope, **workshop);
}

} // namespace livepatch::lprepo
