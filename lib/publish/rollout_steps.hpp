// In which steps a patch reaches the hosts of a ring.
#pragma once

#include "base/result.hpp"
#include "publish/times.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::publish {

// "RING=0h:1,6h:10,24h:50,48h:100": how long after the publication how many percent. The result is
// {"RING": [{"after": SECONDS, "percent": N}, ...]}.
base::Result<nlohmann::json> parse_rings(std::vector<std::string> const& texts);

// Makes points in time ("at") of all "after" in the rings of a rollout. False when there were none.
bool settle_steps(nlohmann::json& rollout, Time now);

} // namespace livepatch::publish
