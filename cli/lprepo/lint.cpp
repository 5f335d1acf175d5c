// lprepo lint: looks for mistakes in what is published and in what is to be. Exit 6: there are some
// that keep hosts from using it.
// --json: {"schema":1,"patches","errors":[{"subject","message"}],"warnings":[…]}

#include "publish/lint.hpp"

#include "base/text.hpp"
#include "cli/json_output.hpp"
#include "lprepo/catalogues.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "lprepo/workshop.hpp"

namespace livepatch::lprepo {

namespace {

constexpr int refused = 6;

Json list(std::vector<publish::Remark> const& remarks, publish::Remark::Weight weight) {
    auto array = Json::array();
    for (auto const& remark : remarks)
        if (remark.weight == weight)
            array.push_back({{"subject", remark.subject}, {"message", remark.text}});
    return array;
}

} // namespace

Outcome<int> lint(Context& context, CommonOptions const& options) {
    auto const workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    auto const catalogues = Catalogues::open((*workshop)->tree);
    if (!catalogues)
        return Failure(catalogues.error());
    auto const all = catalogues->all();
    if (!all)
        return Failure(all.error());
    std::vector<publish::Remark> remarks;
    std::size_t patches = 0;
    for (auto const& catalogue : *all) {
        patches += catalogue.content().at("patches").size();
        auto const found = publish::lint(catalogue, [&](std::string const& path) {
            return catalogues->file(path);
        });
        remarks.insert(remarks.end(), found.begin(), found.end());
    }
    using Weight = publish::Remark::Weight;
    auto const errors = list(remarks, Weight::error);
    auto const status = errors.empty() ? exit_status::done : refused;
    if (options.json) {
        cli::print(
            context.out,
            {{"schema", 1},
             {"patches", patches},
             {"errors", errors},
             {"warnings", list(remarks, Weight::warning)}}
        );
        return status;
    }
    for (auto const& remark : remarks)
        context.out << (remark.weight == Weight::error ? "error: " : "warning: ")
                    << base::escaped(remark.subject) << ": " << base::escaped(remark.text) << '\n';
    context.out << count(patches, "patch") << ", " << count(errors.size(), "error") << ", "
                << count(remarks.size() - errors.size(), "warning") << '\n';
    return status;
}

} // namespace livepatch::lprepo
