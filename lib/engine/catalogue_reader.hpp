// Reads the sources on a worker, one reading at a time.
#pragma once

#include "base/clock.hpp"
#include "base/worker.hpp"
#include "repository/supply.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace livepatch::engine {

// Belongs to the loop; must outlive what it queued on the worker.
class CatalogueReader {
public:
    using Take = std::function<void(repository::Catalogue)>;
    using Done = std::function<void()>;
    using Late = std::function<void(std::string const& source)>; // "" = of none in particular

    // What lies on a disk is read in less; a file system whose server is away may never answer.
    static constexpr std::chrono::seconds patience{10};
    static constexpr int looks = 2; // within that time, whether it is still at the same source

    struct Handlers {
        Take take; // gets each catalogue, before the `done` of those who asked for it
        Late late; // a reading is at one source for longer than `patience`
    };

    CatalogueReader(
        repository::Supply& sources, base::Worker worker, base::Clock& clock, Handlers handlers
    );

    // A reading takes a while; whoever asks meanwhile gets one that began after he asked.
    void read(Done done = {});

    bool is_reading() const { return reading_; }

private:
    void begin();
    void look_again();
    void finish(std::vector<Done> const& waiting, repository::Catalogue catalogue);

    repository::Supply& sources_; // used on the worker only
    base::Worker worker_;
    base::Clock& clock_;
    Handlers handlers_;
    std::unique_ptr<base::Alarm> late_;
    std::string at_;      // as last looked
    int looks_at_it_ = 0; // since it is there
    bool reading_ = false;
    std::vector<Done> waiting_;
};

} // namespace livepatch::engine
