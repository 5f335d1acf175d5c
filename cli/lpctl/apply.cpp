// lpctl apply: puts patches into the kernel, one after the other, and waits for each. Stops at the
// first that fails: those that follow may build on it.
// --json: see results.hpp.

#include "lpctl/session.hpp"
#include "lpctl/verbs.hpp"

#include <fmt/format.h>

namespace livepatch::lpctl {

namespace {

std::vector<std::string> waiting_to_be_applied(View const& view) {
    std::vector<std::string> names;
    for (auto const& patch : view.report.patches)
        if (waits_to_be_applied(patch))
            names.push_back(patch.name);
    return names;
}

// Without a name: says which names there are.
Failure which_patch(Context const& context) {
    std::vector<std::string> names;
    if (auto const reading = read_all(context))
        names = waiting_to_be_applied(reading->view);
    auto const available = names.empty() ? std::string("; none is available")
                                         : fmt::format("; available: {}", fmt::join(names, ", "));
    return usage_error("apply: no patch named" + available, "name one or give --all");
}

bool apply_all(Session& session) {
    auto const asked = Session::Clock::now();
    auto const coming = waiting_to_be_applied(session.known()).size();
    auto const modules =
        session.daemon().apply_all(session.change(), session.waiting_for_all(coming));
    if (!modules)
        return session.not_accepted({}, asked, modules.error());
    return session.accepted(*modules, asked, true);
}

bool apply_one(Session& session, std::string const& patch) {
    auto const asked = Session::Clock::now();
    auto const module = session.daemon().apply(patch, session.change(), session.waiting(patch));
    if (!module)
        return session.not_accepted(patch, asked, module.error());
    return session.accepted({module->empty() ? patch : *module}, asked, false);
}

} // namespace

Outcome<int> apply(Context& context, ChangeOptions const& options) {
    if (options.all && !options.patches.empty())
        return usage_error("apply: both patches and --all", "give one of them");
    if (!options.all && options.patches.empty())
        return which_patch(context);
    auto session = Session::open(context, options, Goal::applied);
    if (!session)
        return session.error();
    if (options.all)
        apply_all(**session);
    for (auto const& patch : options.patches)
        if (!apply_one(**session, patch))
            break;
    return (*session)->finish();
}

} // namespace livepatch::lpctl
