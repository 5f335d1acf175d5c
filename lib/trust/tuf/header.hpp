// What every metadata file begins with.
#pragma once

#include "trust/tuf/fields.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace livepatch::trust::tuf {

// Seconds: the nanoseconds of system_clock end in 2262, and expiry dates do not.
using Time = std::chrono::sys_seconds;

// "YYYY-MM-DDTHH:MM:SSZ" and nothing else.
std::optional<Time> parse_time(std::string_view text);

struct Header {
    std::int64_t version = 1;
    Time expires;
    std::string expires_text; // as in the file

    static Header read(Fields const& content, std::string_view type);

    bool has_expired(Time now) const { return now >= expires; }
};

} // namespace livepatch::trust::tuf
