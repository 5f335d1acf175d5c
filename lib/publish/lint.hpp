// Mistakes in a catalogue that its form allows.
#pragma once

#include "base/result.hpp"
#include "publish/catalogue_document.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::publish {

struct Remark {
    enum class Weight {
        error,   // hosts refuse the patch, or would do what nobody meant
        warning, // worth a thought
    };

    Weight weight = Weight::warning;
    std::string subject; // the release and the id
    std::string text;
};

// `file`: of the repository by its path, as it is to be published.
using FileOf = std::function<base::Result<std::optional<std::string>>(std::string const& path)>;

std::vector<Remark> lint(CatalogueDocument const& catalogue, FileOf const& file);

} // namespace livepatch::publish
