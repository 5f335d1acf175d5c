#include "engine/catalogue_reader.hpp"

#include <utility>

namespace livepatch::engine {

CatalogueReader::CatalogueReader(repository::Supply& sources, base::Worker worker, Take take)
    : sources_(sources),
      worker_(std::move(worker)),
      take_(std::move(take)) {}

void CatalogueReader::read(Done done) {
    waiting_.push_back(std::move(done));
    if (!reading_)
        begin();
}

void CatalogueReader::begin() {
    reading_ = true;
    worker_.run(
        [this] { return sources_.read(); },
        [this, waiting = std::exchange(waiting_, {})](repository::Catalogue catalogue) {
            finish(waiting, std::move(catalogue));
        }
    );
}

void CatalogueReader::finish(std::vector<Done> const& waiting, repository::Catalogue catalogue) {
    reading_ = false;
    if (!waiting_.empty())
        begin();
    take_(std::move(catalogue));
    for (auto const& done : waiting)
        if (done)
            done();
}

} // namespace livepatch::engine
