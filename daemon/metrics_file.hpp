// /run/livepatchd/metrics.prom: the Report for node_exporter's textfile collector.
#pragma once

#include "report/metrics.hpp"

#include <filesystem>
#include <utility>

namespace livepatch::daemon {

class MetricsFile {
public:
    explicit MetricsFile(std::filesystem::path path) : path_(std::move(path)) {}

    // Told with the next report.
    void count(report::Event const& event) { ++counts_[event.kind]; }

    // Whole or not at all. What cannot be written goes with the next report: the reader sees by the
    // file's age that it is old.
    void write(report::Report const& report) const;

    // The last word of a daemon that ends.
    void leave(report::Report report) const;

private:
    std::filesystem::path path_;
    report::EventCounts counts_;
};

} // namespace livepatch::daemon
