// lprepo mirror: a copy of a repository on a web server, or of what some kernels need of it,
// verified on the way. The copy is served or read as the repository is.
// --json: {"schema":1,"url","directory","targets","fetched","root","timestamp_expires"}

#include "mirror/mirror.hpp"

#include "base/url.hpp"
#include "cli/json_output.hpp"
#include "lprepo/reading.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "publish/names.hpp"
#include "trust/tuf/path_pattern.hpp"

#include <filesystem>

namespace livepatch::lprepo {

namespace {

namespace tuf = trust::tuf;

// "catalog/ARCH/RELEASE.json", "modules/ARCH/RELEASE/NAME.ko"; what is of no kernel is of all.
bool is_wanted(std::string const& path, std::vector<std::string> const& kernels) {
    if (kernels.empty() || (!path.starts_with("catalog/") && !path.starts_with("modules/")))
        return true;
    return std::ranges::any_of(kernels, [&](std::string const& kernel) {
        return tuf::matches_pattern(path, "catalog/*/" + kernel + ".json") ||
               tuf::matches_pattern(path, "modules/*/" + kernel + "/*");
    });
}

// What the mirror itself has accepted: an old state of the repository does not come back.
tuf::Store::Paths state_below(std::filesystem::path const& directory) {
    return {.metadata = directory / ".mirror/metadata", .memory = directory / ".mirror/state.json"};
}

base::Result<std::size_t> fetch_all(mirror::Mirror& mirror, MirrorOptions const& options) {
    std::size_t count = 0;
    auto const& targets = mirror.client().targets().targets;
    for (auto const& [path, target] : targets) {
        if (!is_wanted(path, options.kernels))
            continue;
        if (auto good = mirror.fetch(target); !good)
            return good.error();
        ++count;
    }
    auto const brake = mirror.client().find(publish::brake_path);
    if (!brake && brake.error().code == base::Errc::not_found)
        return count;
    if (!brake)
        return brake.error();
    if (auto good = mirror.fetch(*brake); !good)
        return good.error();
    return count + 1;
}

} // namespace

Outcome<int> mirror(Context& context, MirrorOptions const& options) {
    auto const web = web_source(options.url, options.web);
    auto anchor = anchor_of(*web, options.root);
    if (!anchor)
        return Failure(anchor.error());
    auto store = tuf::Store::open(state_below(options.directory));
    if (!store)
        return Failure(store.error());
    auto copy = mirror::Mirror::refreshed(
        *std::move(anchor),
        {.web = *web,
         .store = *store,
         .tree = mirror::MirrorTree(options.directory),
         .now = context.now()}
    );
    if (!copy)
        return Failure(copy.error());
    auto const count_of_targets = fetch_all(**copy, options);
    if (!count_of_targets)
        return Failure(count_of_targets.error());
    if (auto good = (*copy)->publish(); !good)
        return Failure(good.error());
    if (auto good = (*copy)->remove_others(); !good)
        return Failure(good.error());
    auto const& client = (*copy)->client();
    auto const expires = client.timestamp().header.expires;
    if (options.json)
        cli::print(
            context.out,
            {{"schema", 1},
             {"url", base::shown_url(options.url)},
             {"directory", options.directory},
             {"targets", *count_of_targets},
             {"fetched", (*copy)->files_fetched()},
             {"root", client.root().header.version},
             {"timestamp_expires", publish::time_text(expires)}}
        );
    else
        context.out << options.directory << ": " << count(*count_of_targets, "file") << " of "
                    << base::shown_url(options.url) << ", " << (*copy)->files_fetched()
                    << " of them fetched now\n  good until " << moment(expires)
                    << ": do this again before\n";
    return exit_status::done;
}

} // namespace livepatch::lprepo
