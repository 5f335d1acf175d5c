// /run/livepatchd/reboot-needed: there while only a reboot puts something right, for what may not
// wait for anybody: a login's message, needrestart.
#pragma once

#include "report/report.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::daemon {

class RebootMarker {
public:
    explicit RebootMarker(std::filesystem::path path) : path_(std::move(path)) {}

    // One reason a line; not there without any. What cannot be written is tried with the next
    // report.
    void show(report::Report const& report);

private:
    std::filesystem::path path_;
    std::vector<std::string> shown_;
    bool first_ = true; // what an earlier daemon left there is not known
};

} // namespace livepatch::daemon
