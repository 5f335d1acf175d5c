// The Report as JSON: the content of status.json and of `lpctl status --json` (DESIGN §9).
#pragma once

#include "base/result.hpp"
#include "report/report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace livepatch::report {

inline constexpr int schema_version = 1;

// `daemon` is "running" or "absent".
nlohmann::ordered_json to_json(Report const& report, std::string_view daemon);
nlohmann::ordered_json to_json(PatchReport const& patch);
nlohmann::ordered_json to_json(OtherKernelReport const& kernel);

// Reads what to_json wrote. Fields that are missing keep their defaults and unknown ones are
// ignored, so that programs of neighbouring versions understand each other. Error: not JSON, not an
// object, another schema, or a field of another type.
base::Result<Report> report_from_json(std::string_view text, std::string_view subject);

} // namespace livepatch::report
