// A source whose targets are put together in files, so that what was fetched once is not fetched
// again after the connection, or the program, has ended.
#pragma once

#include "mirror/http_source.hpp"
#include "mirror/mirror_tree.hpp"

#include <filesystem>

namespace livepatch::mirror {

// Metadata passes through.
class ResumingSource : public trust::tuf::Source {
public:
    explicit ResumingSource(HttpSource& web) : web_(&web) {}

    // The targets that are asked for next are put together in this file. What is there of it
    // already goes to the sink first, and is hashed with the rest.
    void put_together(std::filesystem::path part) { part_ = std::move(part); }

    std::string locate(Name const& name) const override { return web_->locate(name); }

    base::Result<Answer> fetch(Request const& request, Sink const& sink) override;

private:
    HttpSource* web_;
    std::filesystem::path part_;
};

} // namespace livepatch::mirror
