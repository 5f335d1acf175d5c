#include "lprepo/changing.hpp"

#include "base/text.hpp"
#include "cli/json_output.hpp"
#include "lprepo/workshop.hpp"

namespace livepatch::lprepo {

Outcome<int> change_patch(
    Context& context,
    PatchOptions const& options,
    Catalogues::Change const& change,
    std::string const& result
) {
    auto const workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    auto const catalogues = Catalogues::open((*workshop)->tree);
    if (!catalogues)
        return Failure(catalogues.error());
    auto const releases = catalogues->change(options.patch, options.release, change);
    if (!releases)
        return Failure(releases.error());
    if (options.json) {
        cli::print(
            context.out,
            {{"schema", 1}, {"id", options.patch}, {"releases", *releases}, {"result", result}}
        );
        return exit_status::done;
    }
    for (auto const& release : *releases)
        context.out << base::escaped(options.patch) << " for " << base::escaped(release) << ": "
                    << result << '\n';
    context.out << "Next, or no host will know: lprepo publish " << options.directory << '\n';
    return exit_status::done;
}

} // namespace livepatch::lprepo
