#include "reboot_marker.hpp"

#include "base/atomic_file.hpp"
#include "base/text.hpp"

#include <spdlog/spdlog.h>

#include <unistd.h>
#include <utility>

namespace livepatch::daemon {

void RebootMarker::show(report::Report const& report) {
    auto const& reasons = report.reboot_reasons;
    if (!std::exchange(first_, false) && reasons == shown_)
        return;
    if (reasons.empty()) {
        ::unlink(path_.c_str());
    } else {
        std::string text;
        for (auto const& reason : reasons)
            text += base::escaped(reason) + '\n';
        auto const written = base::replace_file(path_, text, 0644, base::Durability::until_reboot);
        if (!written) {
            spdlog::warn("nobody is told to reboot: {}", describe(written.error()));
            first_ = true;
            return;
        }
    }
    shown_ = reasons;
}

} // namespace livepatch::daemon
