// lprepo brake: a list of modules that no host is to load any more, signed by the online key alone
// and published at once. It can stop, and nothing else.
// --json: as publish

#include "base/strict_json.hpp"
#include "lprepo/catalogues.hpp"
#include "lprepo/publishing.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/workshop.hpp"
#include "publish/names.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::lprepo {

namespace {

using nlohmann::json;

base::Result<json> list_of(Catalogues const& catalogues) {
    auto const text = catalogues.file(publish::brake_path);
    if (!text)
        return text.error();
    if (!*text)
        return {
            boost::system::in_place_value,
            json{{"schema", publish::brake_schema}, {"modules", json::array()}}};
    return base::parse_strict_json(**text, publish::brake_path);
}

struct Module {
    std::string release;
    std::string sha256;
};

// All builds of a patch that hosts have.
base::Result<std::vector<Module>>
modules_of(Catalogues const& catalogues, PatchOptions const& options) {
    auto const all = catalogues.published();
    if (!all)
        return all.error();
    std::vector<Module> modules;
    for (auto const& catalogue : *all) {
        auto const* patch = catalogue.find(options.patch);
        if (patch == nullptr ||
            (!options.release.empty() && options.release != catalogue.release()))
            continue;
        modules.push_back(
            {.release = catalogue.release(),
             .sha256 = patch->value(json::json_pointer("/module/hashes/sha256"), "")}
        );
    }
    if (!modules.empty())
        return modules;
    return base::Error{
        .code = base::Errc::not_found,
        .subject = options.patch,
        .cause = "no such patch is published",
        .remedy = "see 'lprepo verify'"};
}

void stop(json& list, Module const& module, PatchOptions const& options, publish::Time now) {
    auto& modules = list["modules"];
    auto const same = [&](json const& entry) { return entry.value("sha256", "") == module.sha256; };
    auto const found = std::find_if(modules.begin(), modules.end(), same);
    if (found != modules.end())
        modules.erase(found);
    if (options.undo)
        return;
    modules.push_back(
        {{"sha256", module.sha256},
         {"id", options.patch},
         {"release", module.release},
         {"reason", options.reason},
         {"time", publish::time_text(now)}}
    );
}

} // namespace

Outcome<int> brake(Context& context, PatchOptions const& options) {
    auto const workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    auto const catalogues = Catalogues::open((*workshop)->tree);
    if (!catalogues)
        return Failure(catalogues.error());
    auto const modules = modules_of(*catalogues, options);
    if (!modules)
        return Failure(modules.error());
    auto list = list_of(*catalogues);
    if (!list)
        return Failure(list.error());
    for (auto const& module : *modules)
        stop(*list, module, options, context.now());
    publish::Draft const draft((*workshop)->tree);
    if (auto good = draft.put(publish::brake_path, list->dump() + '\n'); !good)
        return Failure(good.error());
    return publish_scope(context, options, publish::Publication::Scope::online, **workshop);
}

} // namespace livepatch::lprepo
