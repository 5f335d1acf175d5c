#include "status_file.hpp"

#include "base/atomic_file.hpp"
#include "report/report_json.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

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

void StatusFile::write(report::Report const& report) {
    auto const replace = nlohmann::ordered_json::error_handler_t::replace;
    auto const text = to_json(report, "running").dump(2, ' ', false, replace) + '\n';
    auto const written = base::replace_file(path_, text, 0644, base::Durability::until_reboot);
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
