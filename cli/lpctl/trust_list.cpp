// lpctl trust list: the roots that are installed, a line each.
// --json: {"schema":1,"roots":[{"name","fingerprint","version","expires","keys","threshold",
// "problem"}]}

#include "base/directory.hpp"
#include "base/text.hpp"
#include "lpctl/table.hpp"
#include "lpctl/trusted_root.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

#include <cerrno>

namespace livepatch::lpctl {

namespace {

constexpr std::string_view suffix = ".root.json";

struct Installed {
    std::string name;
    base::Result<TrustedRoot> root;
};

Outcome<std::vector<Installed>> installed(std::filesystem::path const& directory) {
    std::vector<Installed> roots;
    auto const names = base::list_directory(directory);
    if (!names && names.error().os_error != ENOENT)
        return Failure(names.error());
    if (!names)
        return roots;
    for (auto const& name : *names)
        if (name.ends_with(suffix) && !name.starts_with('.'))
            roots.push_back(
                {name.substr(0, name.size() - suffix.size()), read_trusted_root(directory / name)}
            );
    return roots;
}

Json json_of(Installed const& one) {
    auto const root = one.root ? *one.root : TrustedRoot();
    return {
        {"name", one.name},
        {"fingerprint", root.fingerprint},
        {"version", root.version},
        {"expires", root.expires},
        {"keys", root.keys},
        {"threshold", root.threshold},
        {"problem", one.root ? "" : base::describe(one.root.error())}};
}

std::string text_of(std::vector<Installed> const& roots, Terminal const& terminal) {
    Table table({"REPOSITORY", "VERSION", "KEYS", "EXPIRES", "FINGERPRINT"});
    for (auto const& one : roots) {
        if (!one.root) {
            table.add({{base::escaped(one.name)}, {}, {}, {}, {base::describe(one.root.error())}});
            continue;
        }
        auto const& root = *one.root;
        table.add(
            {{base::escaped(one.name)},
             {std::to_string(root.version)},
             {std::to_string(root.threshold) + " of " + std::to_string(root.keys)},
             {base::escaped(root.expires)},
             {root.fingerprint}}
        );
    }
    return table.draw(terminal);
}

} // namespace

Outcome<int> trust_list(Context& context, TrustListOptions const& options) {
    auto const roots = installed(context.configuration / "trust");
    if (!roots)
        return roots.error();
    if (options.json) {
        auto list = Json::array();
        for (auto const& one : *roots)
            list.push_back(json_of(one));
        context.print({{"schema", report::schema_version}, {"roots", std::move(list)}});
    } else if (roots->empty()) {
        context.err << "No repository is believed. To add one: lpctl trust add\n";
    } else {
        context.out << text_of(*roots, context.out_terminal);
    }
    return exit_status::done;
}

} // namespace livepatch::lpctl
