#include "status_file.hpp"

#include "base/atomic_file.hpp"
#include "report/report_json.hpp"
#include "report/without_daemon.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <system_error>
#include <utility>

namespace livepatch::daemon {

StatusFile::StatusFile(
    base::Clock& clock,
    std::filesystem::path path,
    std::function<void(std::vector<std::string>)> complain
)
    : clock_(clock),
      path_(std::move(path)),
      complain_(std::move(complain)) {}

base::Result<void> StatusFile::put(report::Report const& report, std::string_view daemon) const {
    auto const replace = nlohmann::ordered_json::error_handler_t::replace;
    auto const text = to_json(report, daemon).dump(2, ' ', false, replace) + '\n';
    return base::replace_file(path_, text, 0644, base::Durability::until_reboot);
}

void StatusFile::leave(report::Report report) {
    again_.reset();
    leave_without_daemon(report);
    if (auto const written = put(report, "absent"); !written)
        spdlog::warn("lpctl may show old news: {}", describe(written.error()));
}

void StatusFile::write(report::Report const& report) {
    auto written = put(report, "running");
    if (!written) {
        // An old one would be taken for the truth, and its room may be all that is missing.
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
        written = put(report, "running");
    }
    if (!written)
        return fail(describe(written.error()), report);
    again_.reset();
    complain_({});
}

void StatusFile::fail(std::string words, report::Report const& report) {
    if (!again_)
        spdlog::warn("lpctl may show old news: {}", words);
    again_ = clock_.alarm(clock_.now() + retry_after, [this, report] { write(report); });
    complain_({std::move(words)});
}

} // namespace livepatch::daemon
