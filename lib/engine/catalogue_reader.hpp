// Reads the sources on a worker, one reading at a time.
#pragma once

#include "base/worker.hpp"
#include "repository/supply.hpp"

#include <functional>
#include <vector>

namespace livepatch::engine {

// Belongs to the loop; must outlive what it queued on the worker.
class CatalogueReader {
public:
    using Take = std::function<void(repository::Catalogue)>;
    using Done = std::function<void()>;

    // `take` gets each catalogue, before the `done` of those who asked for it.
    CatalogueReader(repository::Supply& sources, base::Worker worker, Take take);

    // A reading takes a while; whoever asks meanwhile gets one that began after he asked.
    void read(Done done = {});

    bool is_reading() const { return reading_; }

private:
    void begin();
    void finish(std::vector<Done> const& waiting, repository::Catalogue catalogue);

    repository::Supply& sources_; // used on the worker only
    base::Worker worker_;
    Take take_;
    bool reading_ = false;
    std::vector<Done> waiting_;
};

} // namespace livepatch::engine
