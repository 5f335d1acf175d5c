// JSON from files that others wrote: nothing that two readers could take for two things.
#pragma once

#include "base/result.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string_view>

namespace livepatch::base {

struct JsonLimits {
    std::size_t size = std::size_t{256} * 1024; // bytes of text
    std::size_t depth = 32;
    std::size_t values = 32 * 1024; // what bounds memory: a value takes many times its text
};

// Refused (verification_failed, naming `subject` and where): what RFC 8259 does not know, a byte
// order mark, text that is not UTF-8, a key twice in one object, numbers that are no whole numbers
// of 64 bits, and more than the limits allow. Also for a text of one value and anything behind it.
Result<nlohmann::json>
parse_strict_json(std::string_view text, std::string_view subject, JsonLimits const& limits = {});

} // namespace livepatch::base
