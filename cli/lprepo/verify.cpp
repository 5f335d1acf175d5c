// lprepo verify: reads a repository as hosts do, from its root down to each byte.
// --json: {"schema":1,"place","root_sha256","roles":{ROLE:{"version","expires"}},"kernels","files",
//          "bytes","patches":[{"release","id","severity","withdrawn"}]}

#include "base/text.hpp"
#include "cli/json_output.hpp"
#include "lprepo/reading.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "publish/inspection.hpp"

namespace livepatch::lprepo {

namespace {

Json result_json(std::string const& place, publish::Inspection const& seen) {
    auto roles = Json::object();
    for (auto const& role : seen.roles)
        roles[role.name] = {
            {"version", role.version}, {"expires", publish::time_text(role.expires)}};
    auto patches = Json::array();
    for (auto const& patch : seen.patches)
        patches.push_back(
            {{"release", patch.release},
             {"id", patch.id},
             {"severity", patch.severity},
             {"withdrawn", patch.is_withdrawn}}
        );
    return {
        {"schema", 1},
        {"place", place},
        {"root_sha256", seen.anchor_sha256},
        {"roles", std::move(roles)},
        {"kernels", seen.kernels},
        {"files", seen.files},
        {"bytes", seen.bytes},
        {"patches", std::move(patches)}};
}

} // namespace

Outcome<int> verify(Context& context, VerifyOptions const& options) {
    auto const source = source_of(options.place, options.web);
    auto root = anchor_of(*source, options.root);
    if (!root)
        return Failure(root.error());
    auto const seen = publish::inspect(*source, *std::move(root), context.now());
    if (!seen)
        return Failure(seen.error());
    if (options.json) {
        cli::print(context.out, result_json(options.place, *seen));
        return exit_status::done;
    }
    context.out << options.place << ": good, by the root.json with sha256 " << seen->anchor_sha256
                << '\n'
                << "  " << count(seen->patches.size(), "patch") << " for "
                << count(seen->kernels, "kernel") << "; " << count(seen->files, "file") << ", "
                << seen->bytes << " bytes, all as signed\n"
                << "  good until " << moment(seen->soonest().expires) << ", when "
                << seen->soonest().name << ".json expires\n";
    for (auto const& patch : seen->patches)
        context.out << "  " << base::escaped(patch.release) << "  " << base::escaped(patch.id)
                    << "  " << base::escaped(patch.severity)
                    << (patch.is_withdrawn ? "  withdrawn" : "") << '\n';
    return exit_status::done;
}

} // namespace livepatch::lprepo
