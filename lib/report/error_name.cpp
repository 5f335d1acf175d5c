#include "report/error_name.hpp"

#include <array>

namespace livepatch::report {

namespace {

struct Row {
    base::Errc code;
    std::string_view name;
    int exit_status;
};

using base::Errc;

constexpr std::array table{
    Row{Errc::failed, "Failed", 1},
    Row{Errc::invalid_argument, "InvalidArgument", 2},
    Row{Errc::not_found, "NotFound", 3},
    Row{Errc::held, "Held", 4},
    Row{Errc::paused, "Paused", 4},
    Row{Errc::not_authorized, "NotAuthorized", 5},
    Row{Errc::verification_failed, "VerificationFailed", 6},
    Row{Errc::wrong_kernel, "WrongKernel", 6},
    Row{Errc::conflict, "Conflict", 6},
    Row{Errc::expired, "Expired", 6},
    Row{Errc::quarantined, "Quarantined", 6},
    Row{Errc::withdrawn, "Withdrawn", 6},
    Row{Errc::stalled, "Stalled", 7},
    Row{Errc::unsupported, "Unsupported", 9},
    Row{Errc::load_failed, "LoadFailed", 1},
    Row{Errc::busy, "Busy", 1},
    Row{Errc::limits_exceeded, "LimitsExceeded", 1},
    // What callers need not tell apart; from its name each is the first of that name.
    Row{Errc::rolled_back, "VerificationFailed", 6},
    Row{Errc::incomplete, "VerificationFailed", 6},
    Row{Errc::unreachable, "Failed", 1},
};

Row const& row(base::Errc code) {
    for (auto const& entry : table)
        if (entry.code == code)
            return entry;
    return table.front();
}

} // namespace

std::string_view error_name(base::Errc code) {
    return row(code).name;
}

base::Errc errc_from_name(std::string_view name) {
    if (name.starts_with(error_prefix))
        name.remove_prefix(error_prefix.size());
    for (auto const& entry : table)
        if (entry.name == name)
            return entry.code;
    return Errc::failed;
}

int exit_status(base::Errc code) {
    return row(code).exit_status;
}

} // namespace livepatch::report
