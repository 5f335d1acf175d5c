#include "lprepo/catalogues.hpp"

#include "cli/nearest.hpp"
#include "publish/names.hpp"

#include <set>
#include <utility>

namespace livepatch::lprepo {

using publish::CatalogueDocument;

Catalogues::Catalogues(publish::Tree const& tree, publish::Published published)
    : tree_(&tree),
      draft_(tree),
      published_(std::move(published)) {}

base::Result<Catalogues> Catalogues::open(publish::Tree const& tree) {
    auto published = publish::Published::read(tree);
    if (!published)
        return published.error();
    return Catalogues(tree, *std::move(published));
}

base::Result<std::optional<std::string>> Catalogues::file(std::string const& path) const {
    auto changed = draft_.target(path);
    if (!changed || *changed)
        return changed;
    return published_.target(*tree_, path);
}

base::Result<CatalogueDocument> Catalogues::of(std::string const& release) const {
    auto const path = publish::catalogue_path(release);
    auto const text = file(path);
    if (!text)
        return text.error();
    if (!*text)
        return CatalogueDocument(release);
    return CatalogueDocument::parse(**text, path);
}

base::Result<void> Catalogues::save(CatalogueDocument const& catalogue) const {
    return draft_.put(publish::catalogue_path(catalogue.release()), catalogue.text());
}

std::set<std::string> Catalogues::published_paths() const {
    std::set<std::string> paths;
    if (auto const* targets = published_.find("targets"); targets != nullptr)
        for (auto const& [path, entry] : targets->document.content.at("targets").items())
            paths.insert(path);
    return paths;
}

base::Result<std::vector<CatalogueDocument>> Catalogues::read(
    std::set<std::string> const& paths, std::function<Files(std::string const&)> const& file
) const {
    std::vector<CatalogueDocument> catalogues;
    for (auto const& path : paths) {
        if (!publish::is_catalogue_path(path))
            continue;
        auto const text = file(path);
        if (!text)
            return text.error();
        auto catalogue = CatalogueDocument::parse(**text, path);
        if (!catalogue)
            return catalogue.error();
        catalogues.push_back(*std::move(catalogue));
    }
    return catalogues;
}

base::Result<std::vector<CatalogueDocument>> Catalogues::all() const {
    auto paths = published_paths();
    auto const changed = draft_.targets();
    if (!changed)
        return changed.error();
    paths.insert(changed->begin(), changed->end());
    return read(paths, [this](std::string const& path) { return file(path); });
}

base::Result<std::vector<CatalogueDocument>> Catalogues::published() const {
    return read(published_paths(), [this](std::string const& path) {
        return published_.target(*tree_, path);
    });
}

base::Result<std::vector<std::string>> Catalogues::change(
    std::string const& patch, std::string const& release, Change const& change
) const {
    auto catalogues = all();
    if (!catalogues)
        return catalogues.error();
    std::vector<std::string> releases;
    std::vector<std::string> ids;
    for (auto& catalogue : *catalogues) {
        for (auto const& one : catalogue.content().at("patches"))
            ids.push_back(one.value("id", ""));
        if (!catalogue.has(patch) || (!release.empty() && catalogue.release() != release))
            continue;
        change(catalogue);
        if (auto good = save(catalogue); !good)
            return good.error();
        releases.push_back(catalogue.release());
    }
    if (!releases.empty())
        return releases;
    auto const meant = cli::nearest(patch, ids);
    return base::Error{
        .code = base::Errc::not_found,
        .subject = patch,
        .cause =
            release.empty() ? "no such patch in this repository" : "no such patch for " + release,
        .remedy = meant.empty() || meant == patch ? "see 'lprepo lint'"
                                                  : "did you mean '" + meant + "'?"};
}

} // namespace livepatch::lprepo
