// lprepo add: a module and what is to be said of it, for the next publication.
// --json: {"schema":1,"id","version","module","release","path","sha256","length","signer",
//          "functions":[…],"kernel_build_ids":[…]}

#include "base/text.hpp"
#include "cli/json_output.hpp"
#include "lprepo/catalogues.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "lprepo/workshop.hpp"
#include "publish/kernel_image.hpp"
#include "publish/names.hpp"

#include <utility>

namespace livepatch::lprepo {

namespace {

base::Result<void> add_build_id(publish::PatchDescription& patch, std::string const& file) {
    if (file.empty())
        return {};
    auto build = publish::kernel_build_id(file);
    if (!build)
        return build.error();
    patch.kernel_build_ids.push_back(*std::move(build));
    return {};
}

void print_words(
    Context const& context, AddOptions const& options, Json const& entry, std::string const& release
) {
    auto const& patch = options.patch;
    auto& out = context.out;
    out << patch.id << ": " << entry.at("module").at("name").get<std::string>() << " for "
        << base::escaped(release) << ", " << count(entry.at("functions").size(), "function") << ", "
        << count(patch.vulnerabilities.size(), "CVE") << ", " << patch.severity << '\n';
    if (entry.at("module").contains("signer"))
        out << "  signed by "
            << base::escaped(entry.at("module").at("signer").at("name").get<std::string>()) << '\n';
    else
        out << "  NOT signed: only hosts with module_signature = \"ignore\" take it\n";
    if (!entry.contains("targets"))
        out << "  for every build of this release: name the kernel with --kernel vmlinux, or "
               "--kernel-build-id\n";
    out << "Next: lprepo publish " << options.directory << '\n';
}

Json result_json(Json const& entry, std::string const& release) {
    auto const& module = entry.at("module");
    return {
        {"schema", 1},
        {"id", entry.at("id")},
        {"version", entry.at("version")},
        {"module", module.at("name")},
        {"release", release},
        {"path", module.at("path")},
        {"sha256", module.at("hashes").at("sha256")},
        {"length", module.at("length")},
        {"signer", module.contains("signer") ? module.at("signer").at("name") : Json(nullptr)},
        {"functions", entry.at("functions")},
        {"kernel_build_ids",
         entry.contains("targets") ? entry.at("targets").at(0).at("build_ids") : Json::array()}};
}

} // namespace

Outcome<int> add_module(Context& context, AddOptions const& options) {
    auto workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    auto const& tree = (*workshop)->tree;
    auto facts = publish::ModuleFacts::read(
        options.module,
        {.may_be_unsigned = options.may_be_unsigned, .certificates = options.certificates}
    );
    if (!facts)
        return Failure(facts.error());
    auto patch = options.patch;
    if (auto good = add_build_id(patch, options.kernel); !good)
        return Failure(good.error());
    auto const release = facts->module().release;
    auto const catalogues = Catalogues::open(tree);
    if (!catalogues)
        return Failure(catalogues.error());
    auto catalogue = catalogues->of(release);
    if (!catalogue)
        return Failure(catalogue.error());
    if (auto good = catalogue->add(patch, *facts, options.in_place); !good)
        return Failure(good.error());
    // First the module: a catalogue that names one which is not there could not be published.
    auto const path = publish::module_path(release, patch.id);
    if (auto good = publish::Draft(tree).put(path, facts->bytes()); !good)
        return Failure(good.error());
    if (auto good = catalogues->save(*catalogue); !good)
        return Failure(good.error());
    Json const entry = *catalogue->find(patch.id);
    if (options.json)
        cli::print(context.out, result_json(entry, release));
    else
        print_words(context, options, entry, release);
    return exit_status::done;
}

} // namespace livepatch::lprepo
