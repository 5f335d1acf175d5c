#include "engine/catalogue_reader.hpp"

#include <utility>

namespace livepatch::engine {

CatalogueReader::CatalogueReader(
    repository::Supply& sources, base::Worker worker, base::Clock& clock, Handlers handlers
)
    : sources_(sources),
      worker_(std::move(worker)),
      clock_(clock),
      handlers_(std::move(handlers)) {}

void CatalogueReader::read(Done done) {
    waiting_.push_back(std::move(done));
    if (!reading_)
        begin();
}

void CatalogueReader::begin() {
    reading_ = true;
    at_.clear();
    looks_at_it_ = 0;
    look_again();
    worker_.run(
        [this] { return sources_.read(); },
        [this, waiting = std::exchange(waiting_, {})](repository::Catalogue catalogue) {
            finish(waiting, std::move(catalogue));
        }
    );
}

// Many sources may take their time together.
void CatalogueReader::look_again() {
    late_ = clock_.alarm(clock_.now() + patience / looks, [this] {
        auto at = sources_.being_read();
        looks_at_it_ = at == at_ ? looks_at_it_ + 1 : 0;
        at_ = std::move(at);
        if (looks_at_it_ < looks)
            return look_again();
        handlers_.late(at_);
    });
}

void CatalogueReader::finish(std::vector<Done> const& waiting, repository::Catalogue catalogue) {
    reading_ = false;
    late_.reset();
    if (!waiting_.empty())
        begin();
    handlers_.take(std::move(catalogue));
    for (auto const& done : waiting)
        if (done)
            done();
}

} // namespace livepatch::engine
