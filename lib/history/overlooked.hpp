// What happened and no daemon told: it was killed when the kernel and its own record had gone on
// and the history had not.
#pragma once

#include "report/event.hpp"
#include "report/report.hpp"

#include <span>
#include <string>
#include <vector>

namespace livepatch::history {

// `newest_first`: what the history tells. A patch of which it tells nothing in this boot is no
// matter of ours: the history may have been moved aside.
std::vector<report::Event> overlooked(
    std::span<report::Event const> newest_first,
    report::Report const& report,
    std::string const& boot_id,
    report::Time now
);

} // namespace livepatch::history
