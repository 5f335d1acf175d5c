// /run/livepatchd/status.json: the Report for whoever reads it without the daemon.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "report/report.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::daemon {

class StatusFile {
public:
    static constexpr std::chrono::seconds retry_after{10};

    // `complain` gets why the newest report could not be written, and nothing once it is.
    StatusFile(
        base::Clock& clock,
        std::filesystem::path path,
        std::function<void(std::vector<std::string>)> complain
    );

    // At once, whole or not at all: where that fails there is none, and it is tried again until it
    // succeeds.
    void write(report::Report const& report);

    // The last word of a daemon that ends: it is "absent". Not tried again.
    void leave(report::Report report);

private:
    base::Result<void> put(report::Report const& report, std::string_view daemon) const;
    void fail(std::string words, report::Report const& report);

    base::Clock& clock_;
    std::filesystem::path path_;
    std::function<void(std::vector<std::string>)> complain_;
    std::unique_ptr<base::Alarm> again_;
};

} // namespace livepatch::daemon
