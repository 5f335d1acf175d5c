// What sources ask about the host itself.
#pragma once

#include "repository/rollout.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace livepatch::repository {

struct Host {
    std::string machine_id = {};
    std::string arch = {}; // as `uname -m`; "" = this one's
    // Where it is remembered what was accepted of each repository.
    std::filesystem::path trust_state = "/var/lib/livepatchd/trust";
    // Where the trust that was reset is told to livepatch-fetch.
    std::filesystem::path resets = "/var/lib/livepatchd/resets";
    std::function<Time()> now = {}; // none = the system's clock
};

std::string arch_of(Host const& host);
Time time_of(Host const& host);

} // namespace livepatch::repository
