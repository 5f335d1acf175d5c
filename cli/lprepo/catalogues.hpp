// The catalogues of a repository as they are to be published next.
#pragma once

#include "lprepo/options.hpp"
#include "publish/catalogue_document.hpp"
#include "publish/draft.hpp"
#include "publish/published.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace livepatch::lprepo {

class Catalogues {
public:
    static base::Result<Catalogues> open(publish::Tree const& tree);

    // The changed one, else the published one, else an empty one.
    base::Result<publish::CatalogueDocument> of(std::string const& release) const;

    base::Result<void> save(publish::CatalogueDocument const& catalogue) const;

    // All of them.
    base::Result<std::vector<publish::CatalogueDocument>> all() const;

    // Those that hosts have.
    base::Result<std::vector<publish::CatalogueDocument>> published() const;

    // A file that is to be published, or is.
    base::Result<std::optional<std::string>> file(std::string const& path) const;

    // Changes a patch in the catalogue of `release`, or "" for all that have it. Returns the
    // releases. not_found: none has it.
    using Change = std::function<void(publish::CatalogueDocument&)>;
    base::Result<std::vector<std::string>>
    change(std::string const& patch, std::string const& release, Change const& change) const;

private:
    using Files = base::Result<std::optional<std::string>>;

    base::Result<std::vector<publish::CatalogueDocument>> read(
        std::set<std::string> const& paths, std::function<Files(std::string const&)> const& file
    ) const;
    std::set<std::string> published_paths() const;

    Catalogues(publish::Tree const& tree, publish::Published published);

    publish::Tree const* tree_;
    publish::Draft draft_;
    publish::Published published_;
};

} // namespace livepatch::lprepo
