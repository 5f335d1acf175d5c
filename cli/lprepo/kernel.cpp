// lprepo kernel: what is to be said of a kernel itself, for the next publication.
// --json: {"schema":1,"release","support":{…},"reboot_into","unfixed":[…]}, as in the catalogue

#include "base/text.hpp"
#include "cli/json_output.hpp"
#include "lprepo/catalogues.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "lprepo/workshop.hpp"
#include "publish/names.hpp"

namespace livepatch::lprepo {

namespace {

Json result_json(nlohmann::json const& content) {
    auto const& kernel = content.at("kernel");
    return {
        {"schema", 1},
        {"release", kernel.at("release")},
        {"support", kernel.value("support", nlohmann::json::object())},
        {"reboot_into", kernel.value("reboot_into", "")},
        {"unfixed", content.at("unfixed")}};
}

void print_words(Context const& context, Json const& said, std::string const& directory) {
    auto& out = context.out;
    auto const& support = said.at("support");
    out << base::escaped(said.at("release").get<std::string>()) << ": "
        << base::escaped(support.value("status", "support is not said"));
    if (support.contains("ends"))
        out << " until " << base::escaped(support.at("ends").get<std::string>());
    if (auto const next = said.at("reboot_into").get<std::string>(); !next.empty())
        out << ", then " << base::escaped(next);
    out << "; " << count(said.at("unfixed").size(), "CVE") << " that no livepatch mends\n"
        << "Next, or no host will know: lprepo publish " << directory << '\n';
}

} // namespace

Outcome<int> describe_kernel(Context& context, KernelOptions const& options) {
    if (!publish::is_release(options.release))
        return cli::usage_error(
            options.release + ": no kernel release", "write it as uname -r does"
        );
    auto const workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    auto const catalogues = Catalogues::open((*workshop)->tree);
    if (!catalogues)
        return Failure(catalogues.error());
    auto catalogue = catalogues->of(options.release);
    if (!catalogue)
        return Failure(catalogue.error());
    if (auto good = catalogue->describe_kernel(options.kernel); !good)
        return Failure(good.error());
    if (auto good = catalogues->save(*catalogue); !good)
        return Failure(good.error());
    auto const said = result_json(catalogue->content());
    if (options.json)
        cli::print(context.out, said);
    else
        print_words(context, said, options.directory);
    return exit_status::done;
}

} // namespace livepatch::lprepo
