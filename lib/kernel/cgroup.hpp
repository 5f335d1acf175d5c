// Where a task belongs, by its control group.
#pragma once

#include <string>
#include <string_view>

namespace livepatch::kernel {

struct Membership {
    std::string unit;      // innermost systemd service or scope; "" = none
    std::string container; // id or machine name of the outermost container; "" = none
};

// From the content of /proc/PID/cgroup, of version 1, 2 or both. Names may be chosen by users and
// by containers, which own the groups below theirs.
Membership membership(std::string_view cgroup);

} // namespace livepatch::kernel
